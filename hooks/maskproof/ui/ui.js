"use strict";
(() => {
  const UP = document.body.dataset.up;
  const own = document.body.dataset.picture;
  const told = document.querySelector(".told");
  const OPEN = "maskproof-open"; // which panels stand open, kept while the page is loaded anew
  const PAUSE = 350; // ms after the last letter before a limit is tried
  const AT_ONCE = 2; // pictures that are judged at the same time

  function tell(text) {
    told.textContent = text;
    told.hidden = !text;
  }

  async function ask(place, body) {
    const how = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
    let answer;
    try {
      answer = await fetch(UP + place, how);
    } catch {
      throw new Error("The server has ended. Start it again: maskproof ui");
    }
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.trim());
    return text;
  }

  // What the server sends is escaped by its template engine, as its pages are.
  function parsed(text) {
    return [...new DOMParser().parseFromString(text, "text/html").body.children].map((one) => document.importNode(one, true));
  }

  async function act(name, body, busy) {
    if (busy) busy.disabled = true;
    tell("Running …");
    try {
      const [ran] = parsed(await ask(`do/${name}`, { picture: own, ...body }));
      for (const other of document.querySelectorAll(".commands details")) other.open = false;
      document.querySelector(".commands").prepend(ran);
      if (ran.classList.contains("failed")) {
        tell(`${ran.querySelector("code").textContent}: ${ran.querySelector(".ended").textContent}\n${ran.querySelector("pre").textContent.split("\n")[0]}`);
        if (busy) busy.disabled = false;
      } else {
        location.reload();
      }
    } catch (error) {
      tell(error.message);
      if (busy) busy.disabled = false;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    const body = {};
    if (button.dataset.picture) body.picture = button.dataset.picture;
    if (button.dataset.name) body.name = button.dataset.name;
    act(button.dataset.do, body, button);
  });

  // --- the overview: each picture is judged by itself

  const waiting = [...document.querySelectorAll(".card.waiting")];

  function counted() {
    for (const chip of document.querySelectorAll(".chip")) {
      const kind = chip.querySelector("input").value;
      const count = document.querySelectorAll(kind === "all" ? ".card" : `.card[data-kind="${kind}"]`).length;
      chip.querySelector("b").textContent = count;
      chip.hidden = !count;
    }
    document.querySelector(".filters").dispatchEvent(new Event("input"));
  }

  async function judge() {
    for (let card = waiting.shift(); card; card = waiting.shift()) {
      try {
        card.replaceWith(...parsed(await ask(`card/${card.dataset.picture}`)));
      } catch (error) {
        card.querySelector(".none").textContent = error.message;
      }
      counted();
    }
  }
  for (let at = 0; at < AT_ONCE; at += 1) judge();

  if (!own) return;

  // --- panels stay open

  const panels = [...document.querySelectorAll("details.panel")];
  const kept = JSON.parse(sessionStorage.getItem(OPEN) || "[]");
  for (const panel of panels) {
    if (kept.includes(panel.id)) panel.open = true;
    panel.addEventListener("toggle", () => {
      sessionStorage.setItem(OPEN, JSON.stringify(panels.filter((one) => one.open).map((one) => one.id)));
    });
  }

  function values(form) {
    return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  }

  // --- areas

  const areas = document.querySelector(".area-form");
  if (areas) {
    const layers = document.querySelector(".main .layers");
    const root = document.querySelector(".viewer");
    const size = [Number(root.dataset.width), Number(root.dataset.height)];
    const fields = ["x", "y", "width", "height"].map((name) => areas.elements[name]);
    const surface = Object.assign(document.createElement("div"), { className: "drawing", hidden: true });
    const frame = Object.assign(document.createElement("div"), { className: "drawn", hidden: true });
    const button = areas.querySelector(".draw");
    let start = null;
    layers.append(surface, frame);

    const show = () => {
      const box = fields.map((one) => Number(one.value));
      frame.hidden = fields.some((one) => one.value === "") || !(box[2] > 0 && box[3] > 0);
      const parts = { left: box[0] / size[0], top: box[1] / size[1], width: box[2] / size[0], height: box[3] / size[1] };
      for (const [name, part] of Object.entries(parts)) frame.style[name] = `${part * 100}%`;
    };
    const place = (event) => {
      const seen = layers.getBoundingClientRect();
      const parts = [(event.clientX - seen.left) / seen.width, (event.clientY - seen.top) / seen.height];
      return parts.map((part, axis) => Math.round(Math.min(Math.max(part, 0), 1) * size[axis]));
    };
    const draws = (on) => {
      surface.hidden = !on;
      button.setAttribute("aria-pressed", String(on));
      button.textContent = on ? "Drawing: drag over the picture" : "Draw a box on the picture";
    };
    button.addEventListener("click", () => {
      draws(surface.hidden);
      if (!surface.hidden) root.scrollIntoView({ block: "nearest" });
    });
    surface.addEventListener("pointerdown", (event) => {
      start = place(event);
      surface.setPointerCapture(event.pointerId);
      event.preventDefault();
      event.stopPropagation(); // the slider lies below
    });
    surface.addEventListener("pointermove", (event) => {
      if (!start) return;
      const end = place(event);
      const box = [0, 1].map((axis) => Math.min(start[axis], end[axis]));
      box.push(...[0, 1].map((axis) => Math.max(1, Math.abs(end[axis] - start[axis]))));
      fields.forEach((one, at) => { one.value = box[at]; });
      show();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      surface.addEventListener(end, () => {
        start = null;
        if (!frame.hidden) {
          draws(false);
          areas.elements.name.focus({ preventScroll: true });
        }
      });
    }
    for (const one of fields) one.addEventListener("input", show);
    areas.addEventListener("submit", (event) => {
      event.preventDefault();
      const { name, kind } = values(areas);
      act("protect", { name, kind, box: fields.map((one) => Number(one.value)) }, areas.querySelector(".main-button"));
    });
  }
  for (const form of document.querySelectorAll("form[data-do=rename]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act("rename", { name: form.dataset.name, to: form.elements.to.value }, form.querySelector("button"));
    });
  }

  // --- limits

  const limits = document.querySelector(".limit-form");
  if (limits) {
    const said = limits.querySelector(".tried");
    const write = limits.querySelector(".main-button");
    let timer = 0;
    let latest = 0;
    const wanted = () => {
      const { level, ...rows } = values(limits);
      const chosen = Object.entries(rows).filter(([, value]) => value !== "").map(([name, value]) => [name, Number(value)]);
      return { ...(level ? { level } : {}), ...(chosen.length ? { limits: Object.fromEntries(chosen) } : {}) };
    };
    const attempt = async () => {
      const body = wanted();
      const number = (latest += 1);
      write.disabled = !Object.keys(body).length;
      try {
        const parts = parsed(await ask("try", { picture: own, ...body }));
        if (number === latest) said.replaceChildren(...parts);
      } catch (error) {
        said.textContent = error.message;
        write.disabled = true;
      }
    };
    limits.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(attempt, PAUSE);
    });
    limits.addEventListener("submit", (event) => {
      event.preventDefault();
      act("limits", wanted(), write);
    });
  }

  // --- the record

  const record = document.querySelector(".record-form");
  const sources = record.querySelector(".of-edits");
  const made = () => { sources.hidden = record.elements.origin.value === "generated"; };
  record.addEventListener("change", made);
  made();
  record.querySelector(".propose").addEventListener("click", async (event) => {
    const said = record.querySelector(".proposed");
    said.textContent = "Looking …";
    event.target.disabled = true;
    try {
      said.replaceChildren(...parsed(await ask(`proposal/${own}`)));
      const found = said.querySelector("dl");
      if (found) for (const name of ["original", "mask", "mode"]) record.elements[name].value = found.dataset[name];
    } catch (error) {
      said.textContent = error.message;
    }
    event.target.disabled = false;
  });
  record.addEventListener("submit", (event) => {
    event.preventDefault();
    const { origin, original, mask, mode } = values(record);
    const body = origin === "generated" ? { origin } : { origin, original, mask, mode };
    act("record", body, record.querySelector(".main-button"));
  });

  const approve = document.querySelector("form[data-do=approve]");
  if (approve) {
    approve.addEventListener("submit", (event) => {
      event.preventDefault();
      act("approve", values(approve), approve.querySelector("button"));
    });
  }
})();
