"use strict";
// The page's engine: sections load their data (a script each, since a page opened from disk may not fetch) when they come near,
// figures are drawn by the widgets that are registered here, and again when language, theme or width change.
//
//   ttskit.widget(name, (root, spec, ui) => draw)   draw() draws; state lives in the closure
//   ui.array(ref)          {shape, data}: data is a Float32Array or Int32Array, row by row
//   ui.say(key, values)    words of the page's language, {places} filled
//   ui.number(x, digits)   as the language writes it
//   ui.language            "es" or "en"
//   ui.dark                whether the page is dark (the reader's system, or the page's own button)
//   ui.redraw()            this figure again
// and everything of draw.js and controls.js. A figure that draws itself anew keeps the reader's focus: what stood at the place
// of the focused control gets it. `ttskit.redraw(element)` draws the figures inside it, all without one; hidden ones wait.
// `ttskit.missing`: keys that were said and have no words.
const ttskit = (() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const widgets = {}, arrays = {}, waiting = {}, loading = {}, drawn = [], missing = new Set();
  const ui = {};

  const say = (key, values = {}) => {
    const text = (words[document.documentElement.lang] || {})[key];
    if (text === undefined) missing.add(`${document.documentElement.lang}: ${key}`);
    return (text === undefined ? key : text).replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
  };
  const number = (x, digits = 2) => {
    if (x === null || x === undefined || Number.isNaN(x)) return "–";
    if (!Number.isFinite(x)) return x < 0 ? "−∞" : "∞";
    return x.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false }).replace("-", "−");
  };

  // float16, for which browsers have no array everywhere: a table of all 65,536.
  let halves = null;
  const half = bits => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -14 * (fraction / 1024);
  };
  const decoded = ({ shape, type, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
    if (type === "i4") return { shape, data: new Int32Array(bytes.buffer) };
    if (!halves) halves = Float32Array.from({ length: 65536 }, (_, bits) => half(bits));
    return { shape, data: Float32Array.from(new Uint16Array(bytes.buffer), bits => halves[bits]) };
  };
  const array = section => ref => {
    const key = `${section}/${ref.array}`, found = arrays[key];
    if (found && found.base64 !== undefined) arrays[key] = decoded(found);
    return arrays[key];
  };

  // A control that was replaced while it had the focus: what now stands in its place gets it, else keyboards lose their way.
  const touchable = figure => [...figure.querySelectorAll("button, input, select, a[href], [tabindex]")];
  let focused = null;
  const keep = figure => {
    figure.addEventListener("focusin", event => { focused = { figure, node: event.target, place: touchable(figure).indexOf(event.target), name: event.target.getAttribute("aria-label") || event.target.textContent }; });
    new MutationObserver(() => {
      if (!focused || focused.figure !== figure || focused.node.isConnected || document.activeElement !== document.body) return;
      const now = touchable(figure), same = now.filter(one => (one.getAttribute("aria-label") || one.textContent) === focused.name);
      const next = same.includes(now[focused.place]) ? now[focused.place] : same[0] || now[focused.place];
      if (next) next.focus({ preventScroll: true });
    }).observe(figure, { childList: true, subtree: true });
  };

  const data = (section, { figures, arrays: own }) => {
    for (const key in own) arrays[`${section}/${key}`] = own[key];
    for (const key in figures) {
      const figure = document.querySelector(`[data-figure="${CSS.escape(key)}"] > .drawn`);
      if (!figure) continue;
      const make = widgets[figure.dataset.widget];
      const mine = Object.create(ui);
      mine.array = array(section);
      try {
        if (!make) throw new Error(`no widget ${figure.dataset.widget}`);
        const draw = make(figure, figures[key], mine);
        mine.redraw = draw;
        drawn.push({ draw, figure, key });
        keep(figure);
        draw();
        figure.dataset.ready = "true";
      } catch (error) {
        figure.textContent = `${key}: ${error.message}`;
        console.error(key, error);
      }
    }
    (waiting[section] || []).forEach(done => done());
  };
  const load = section => loading[section] ||= new Promise(done => {
    (waiting[section] ||= []).push(done);
    const script = document.createElement("script");
    script.src = `data/${section}.js`;
    script.onerror = () => { console.error(`data/${section}.js is missing`); done(); };
    document.head.append(script);
  });
  const sections = () => [...document.querySelectorAll("[data-section]")].map(one => one.dataset.section);
  const all = () => Promise.all(sections().map(load));
  const redraw = within => drawn.forEach(({ draw, figure, key }) => {
    if ((within && !within.contains(figure)) || !figure.getClientRects().length) return;
    try { draw(); } catch (error) { console.error(key, error); }
  });

  const speak = language => {
    document.documentElement.lang = language;
    for (const button of document.querySelectorAll("[data-to]")) button.setAttribute("aria-pressed", String(button.dataset.to === language));
    redraw();
    dispatchEvent(new CustomEvent("ttskit-language", { detail: language }));
  };
  const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const start = () => {
    for (const button of document.querySelectorAll("[data-to]")) button.addEventListener("click", () => speak(button.dataset.to));
    const near = new IntersectionObserver(seen => seen.forEach(one => { if (one.isIntersecting) { near.unobserve(one.target); load(one.target.dataset.section); } }), { rootMargin: "1200px 0px" });
    document.querySelectorAll("[data-section]").forEach(one => near.observe(one));
    let width = innerWidth, later = 0;
    addEventListener("resize", () => { clearTimeout(later); later = setTimeout(() => { if (innerWidth !== width) { width = innerWidth; redraw(); } }, 150); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
  };
  Object.defineProperty(ui, "language", { get: () => document.documentElement.lang });
  Object.defineProperty(ui, "dark", { get: dark });
  Object.assign(ui, { say, number });
  addEventListener("DOMContentLoaded", start);
  return { widget: (name, make) => { widgets[name] = make; }, data, all, load, redraw, ui, speak, missing };
})();
