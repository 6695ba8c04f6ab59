"use strict";
// Narrows the entries of a page ([data-words]) to what its filters ask for, in their order, so many at once.
(() => {
  const filters = document.querySelector(".filters");
  if (!filters) return;
  let entries = []; // some pages bring theirs one by one
  const more = document.querySelector(".more");
  const step = Number(filters.dataset.atOnce) || Infinity;
  const ORDERS = {
    name: () => 0,
    newest: (one, other) => (other.dataset.day || "9").localeCompare(one.dataset.day || "9"),
    drift: (one, other) => Number(other.dataset.drift) - Number(one.dataset.drift),
  };
  const places = new Map([...document.querySelectorAll("[data-words]")].map((entry, place) => [entry, place]));
  let room = step;
  let order = "name";

  function fits(entry, words) {
    const { kind, model } = filters.elements;
    return (kind.value === "all" || entry.dataset.kind === kind.value)
      && (!model || !model.value || entry.dataset.model === model.value)
      && words.every((word) => entry.dataset.words.includes(word));
  }

  function sort() {
    const wanted = filters.elements.order ? filters.elements.order.value : "name";
    if (wanted === order) return;
    order = wanted;
    entries.sort((one, other) => ORDERS[order](one, other) || places.get(one) - places.get(other));
    entries[0].parentElement.append(...entries);
  }

  function narrow() {
    entries = [...document.querySelectorAll("[data-words]")];
    if (!entries.length) return;
    sort();
    const words = filters.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = entries.filter((entry) => fits(entry, words));
    const wanted = found.findIndex((entry) => entry.id && `#${entry.id}` === location.hash);
    if (wanted >= room) room = Math.ceil((wanted + 1) / step) * step;
    const shown = new Set(found.slice(0, room));
    for (const entry of entries) entry.hidden = !shown.has(entry);
    const left = found.length - shown.size;
    const said = found.length === entries.length ? "" : `${found.length} of ${entries.length} ${filters.dataset.noun}`;
    filters.querySelector(".count").textContent = said;
    if (more) {
      more.hidden = !left;
      more.textContent = `Show ${Math.min(step, left)} more (${left} are left)`;
    }
  }

  function ask() {
    room = step;
    narrow();
  }

  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("input", ask);
  if (more) {
    more.addEventListener("click", () => {
      const first = room;
      room += step;
      narrow();
      const next = entries.filter((entry) => !entry.hidden)[first];
      if (next) next.querySelector("a").focus();
    });
  }
  addEventListener("pageshow", narrow); // a browser that goes back fills the filters in again
  narrow();
})();
