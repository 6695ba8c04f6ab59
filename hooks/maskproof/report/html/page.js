"use strict";
(() => {
  const overview = document.getElementById("overview");
  const details = [...document.querySelectorAll(".detail")];
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const BLINK = 800; // ms; under the three flashes a second of WCAG 2.3.1
  const CLOSEST = 12; // times that a picture is enlarged at the most
  const WRITTEN = "textarea, select, input:not([type=range], [type=radio], [type=checkbox])"; // what takes letters
  let shown = null;

  function clamp(value, least, most) {
    return Math.min(Math.max(value, least), most);
  }

  // What a picture's viewer holds: how it is shown, how large, and where.
  function viewer(root) {
    const panes = root.querySelector(".panes");
    const main = root.querySelector(".main");
    const stages = [...root.querySelectorAll(".main .stage, .second .stage")];
    const size = [Number(root.dataset.width), Number(root.dataset.height)];
    const range = root.querySelector(".split input");
    const swap = root.querySelector(".swap");
    const view = { zoom: 1, x: 0, y: 0 };
    let timer = 0;

    for (const second of root.querySelectorAll(".second img")) {
      second.dataset.src = main.querySelector(`.${second.className}`).dataset.src;
    }
    for (const place of root.querySelectorAll(".marks .place")) place.append(place.firstElementChild.cloneNode());
    for (const text of root.querySelectorAll(".marks text")) text.style.fontSize = `${text.dataset.side}px`;

    function fit() {
      const side = panes.dataset.mode === "side" && innerWidth > 640;
      const room = side ? (panes.clientWidth - 12) / 2 : panes.clientWidth;
      const width = Math.min(room, (innerHeight * 0.76 * size[0]) / size[1], Math.max(size[0] * 2, 480));
      const before = stages[0].querySelector(".layers").offsetWidth;
      view.x *= width / (before || width);
      view.y *= width / (before || width);
      for (const stage of stages) {
        const layers = stage.querySelector(".layers");
        layers.style.setProperty("--width", `${width}px`);
        layers.style.setProperty("--ratio", `${size[0]} / ${size[1]}`);
        layers.classList.toggle("small", width > size[0]);
      }
      move();
    }

    function move() {
      const layers = stages[0].querySelector(".layers");
      const [wide, tall] = [layers.offsetWidth, layers.offsetHeight];
      view.x = clamp(view.x, wide * (1 - view.zoom), 0);
      view.y = clamp(view.y, tall * (1 - view.zoom), 0);
      for (const stage of stages) {
        stage.querySelector(".layers").style.transform = view.zoom === 1 ? "" : `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
      }
      root.classList.toggle("zoomed", view.zoom > 1);
      root.style.setProperty("--zoom", String(view.zoom));
    }

    function zoom(factor, at) {
      const layers = stages[0].querySelector(".layers");
      const [x, y] = at || [layers.offsetWidth / 2, layers.offsetHeight / 2];
      const next = clamp(view.zoom * factor, 1, CLOSEST);
      view.x = x - ((x - view.x) * next) / view.zoom;
      view.y = y - ((y - view.y) * next) / view.zoom;
      view.zoom = next;
      move();
    }

    function zoomTo(box) {
      const layers = stages[0].querySelector(".layers");
      const unit = layers.offsetWidth / size[0];
      view.zoom = clamp(Math.min(size[0] / (box.width * 2), size[1] / (box.height * 2)), 1, CLOSEST);
      view.x = layers.offsetWidth / 2 - (box.x + box.width / 2) * unit * view.zoom;
      view.y = layers.offsetHeight / 2 - (box.y + box.height / 2) * unit * view.zoom;
      move();
    }

    function split(value) {
      if (!range) return;
      range.value = value;
      main.style.setProperty("--split", `${range.value}%`);
      main.style.setProperty("--mix", String(1 - range.value / 100));
    }

    function turn() {
      main.classList.toggle("turned");
    }

    function choose(mode) {
      const radio = root.querySelector(`.modes [value="${mode}"]`);
      if (!radio) return;
      radio.checked = true;
      panes.dataset.mode = mode;
      clearInterval(timer);
      main.classList.remove("turned");
      if (mode === "blink" && !still) timer = setInterval(turn, BLINK);
      if (range) range.parentElement.hidden = mode !== "slider" && mode !== "onion";
      if (swap) swap.hidden = mode !== "blink";
      for (const one of root.querySelectorAll(".legend")) one.hidden = mode !== "difference";
      fit();
    }

    for (const box of root.querySelectorAll(".tools [type=checkbox]")) {
      const set = () => root.classList.toggle(`with-${box.name}`, box.checked);
      box.addEventListener("change", set);
      set();
    }
    for (const radio of root.querySelectorAll(".modes input")) radio.addEventListener("change", () => choose(radio.value));
    for (const button of root.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => zoom({ in: 1.6, out: 1 / 1.6, fit: 0 }[button.dataset.zoom]));
    }
    if (range) range.addEventListener("input", () => split(range.value));
    if (swap) swap.addEventListener("click", () => { clearInterval(timer); turn(); });

    for (const stage of stages) {
      const layers = stage.querySelector(".layers");
      let held = null;
      const part = (event) => ((event.clientX - layers.getBoundingClientRect().left) / layers.getBoundingClientRect().width) * 100;
      stage.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        const slides = panes.dataset.mode === "slider" && (view.zoom === 1 || Math.abs(part(event) - range.value) * layers.getBoundingClientRect().width < 2400);
        if (!slides && view.zoom === 1) return;
        held = { slides, x: event.clientX - view.x, y: event.clientY - view.y };
        stage.setPointerCapture(event.pointerId);
        if (slides) split(part(event));
        event.preventDefault();
      });
      stage.addEventListener("pointermove", (event) => {
        if (!held) return;
        if (held.slides) return split(part(event));
        view.x = event.clientX - held.x;
        view.y = event.clientY - held.y;
        move();
      });
      for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => { held = null; });
      stage.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        const box = stage.getBoundingClientRect();
        zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, [event.clientX - box.left, event.clientY - box.top]);
      }, { passive: false });
    }
    choose(panes.dataset.mode);
    fit();
    return {
      fit, zoom, zoomTo, choose, turn: () => swap && panes.dataset.mode === "blink" && swap.click(),
      stop: () => clearInterval(timer), resume: () => choose(panes.dataset.mode), modes: [...root.querySelectorAll(".modes input")].map((one) => one.value),
    };
  }

  const viewers = new Map();

  function opened(detail) {
    for (const image of detail.querySelectorAll("img[data-src]")) if (!image.closest(".second")) image.src = image.dataset.src;
    const root = detail.querySelector(".viewer");
    if (!root) return null;
    if (!viewers.has(detail)) {
      viewers.set(detail, viewer(root));
      for (const image of root.querySelectorAll(".second img")) image.src = image.dataset.src;
      for (const button of detail.querySelectorAll(".show")) {
        button.addEventListener("click", () => {
          const box = Object.fromEntries(["x", "y", "width", "height"].map((name) => [name, Number(button.dataset[name])]));
          viewers.get(detail).zoomTo(box);
          root.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
        });
      }
    }
    return viewers.get(detail);
  }

  function route() {
    const wanted = details.find((one) => `#${one.id}` === location.hash) || (details.length === 1 ? details[0] : null);
    if (shown && viewers.has(shown)) viewers.get(shown).stop();
    const before = shown;
    shown = wanted;
    if (overview) overview.hidden = Boolean(wanted);
    for (const one of details) one.hidden = one !== wanted;
    if (wanted) {
      const own = opened(wanted);
      if (own) own.resume();
      if (details.length > 1 || before) wanted.focus({ preventScroll: true });
      scrollTo(0, 0);
    } else if (before) {
      const card = document.querySelector(`.card a[href="#${before.id}"]`);
      if (card) card.focus();
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const done = () => { button.firstChild.textContent = "Copied"; setTimeout(() => { button.firstChild.textContent = "Copy"; }, 1500); };
    const select = () => { const range = document.createRange(); range.selectNodeContents(button.previousElementSibling); getSelection().removeAllRanges(); getSelection().addRange(range); };
    if (navigator.clipboard) navigator.clipboard.writeText(button.dataset.copy).then(done, select);
    else select();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(WRITTEN)) return;
    const own = shown && viewers.get(shown);
    const ways = { Escape: "nav .all", n: "nav .next", p: "nav .previous" };
    if (ways[event.key] && shown) {
      const link = shown.querySelector(ways[event.key]);
      if (link) link.click();
    } else if (!own) return;
    else if (/^[1-6]$/.test(event.key)) own.choose(own.modes[event.key - 1]);
    else if (event.key === "+" || event.key === "=") own.zoom(1.6);
    else if (event.key === "-") own.zoom(1 / 1.6);
    else if (event.key === "0") own.zoom(0);
    else if (event.key === "b") own.turn();
  });
  addEventListener("hashchange", route);
  addEventListener("resize", () => { if (shown && viewers.has(shown)) viewers.get(shown).fit(); });
  route();
})();
