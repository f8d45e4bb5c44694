"use strict";
// Time that can be scrubbed, and what is not there yet covered.
//   ui.scrub({label, max, value, show, onchange, every})    a slider from 0 to max with a button that walks along it; .go(at)
//   ui.covered(heat, columns)        upTo => covers the columns of a heat map from `upTo` on, and outlines the one before
//   ui.strip({values, label, range, scale, host})            numbers as a row of colours, with a name above
//   ui.sentence({tokens, label, cells, host})                the symbols in a row; cells[i] {fill?, ink?, below?, ring?, faint?}
// Narrow places show `ui.short` of a symbol.
(() => {
  const ui = ttskit.ui;
  ui.scrub = ({ label, max, value = 0, show = String, onchange, every = 220 }) => {
    let at = value, timer = 0;
    const output = ui.el("output", {}), input = ui.el("input", { type: "range", min: 0, max, step: 1, value: at, "aria-label": label });
    const button = ui.el("button", { type: "button", class: "player" });
    const paint = () => {
      output.textContent = show(at);
      input.value = at;
      input.setAttribute("aria-valuetext", show(at));
      button.textContent = `${timer ? "■" : "▶"} ${ui.say("walk")}`;
      button.setAttribute("aria-label", `${ui.say(timer ? "stop" : "walk")}: ${label}`);
    };
    const halt = () => { clearInterval(timer); timer = 0; paint(); };
    const go = to => { at = Math.min(max, Math.max(0, to)); paint(); onchange(at); };
    const row = ui.el("div", { class: "row" }, button, ui.el("label", {}, ui.el("span", { class: "soft" }, label), input), output);
    button.addEventListener("click", () => {
      if (timer) { halt(); return; }
      if (at >= max) go(0);
      timer = setInterval(() => { if (!row.isConnected || at >= max) halt(); else go(at + 1); }, every);
      paint();
    });
    input.addEventListener("input", () => { if (timer) halt(); go(+input.value); });
    paint();
    row.go = go;
    return row;
  };
  ui.covered = (heat, columns) => {
    const canvas = heat.querySelector("canvas"), picture = heat.querySelector(".heat > svg");
    const left = parseFloat(canvas.style.marginLeft), wide = parseFloat(canvas.style.width), tall = parseFloat(canvas.style.height);
    const cover = ui.svg("rect", { y: 0, height: tall, fill: ui.color("card"), opacity: 0.95 });
    const edge = ui.svg("rect", { y: 0, height: tall, fill: "none", stroke: ui.color("c0"), "stroke-width": 2 });
    picture.append(cover, edge);
    return (upTo, wideness = 1) => {
      const x = left + wide * upTo / columns, first = left + wide * Math.max(0, upTo - wideness) / columns;
      cover.setAttribute("x", x); cover.setAttribute("width", Math.max(0, left + wide - x));
      edge.setAttribute("x", first); edge.setAttribute("width", Math.max(0, x - first));
    };
  };
  ui.strip = ({ values, label, range, scale = "signed", host, height = 18 }) => {
    const wide = ui.width(host), each = wide / values.length, [low, high] = range;
    const picture = ui.svg("svg", { width: wide, height: height + 24, role: "img", "aria-label": label });
    picture.append(ui.svg("text", { x: 0, y: 15 }, label));
    Array.from(values).forEach((value, i) => picture.append(ui.svg("rect", { x: i * each, y: 20, width: each + 0.3, height, fill: ui.shade((value - low) / (high - low || 1), scale) }, ui.svg("title", {}, `${i + 1}: ${ui.number(value)}`))));
    picture.append(ui.svg("rect", { x: 0, y: 20, width: wide, height, fill: "none", stroke: ui.color("line") }));
    return picture;
  };
  ui.sentence = ({ tokens, label, cells, host }) => {
    const wide = ui.width(host), least = 22, across = Math.max(1, Math.min(tokens.length, Math.floor(wide / least))), each = wide / across;
    const below = cells.some(one => one.below !== undefined), tall = below ? 44 : 28, rows = Math.ceil(tokens.length / across);
    const picture = ui.svg("svg", { width: wide, height: rows * tall, role: "img", "aria-label": label });
    tokens.forEach((token, i) => {
      const one = cells[i] || {}, x = (i % across) * each, y = Math.floor(i / across) * tall;
      const size = Math.min(15, Math.max(8, (each - 4) / (0.62 * Math.max(1, ui.short(token).length))));
      picture.append(
        ui.svg("rect", { x: x + 1, y: y + 1, width: each - 2, height: 24, rx: 4, fill: one.fill || "none", stroke: ui.color(one.ring ? "c0" : "line"), "stroke-width": one.ring ? 2.5 : 1, "stroke-dasharray": one.faint ? "3 3" : null }),
        ui.svg("text", { x: x + each / 2, y: y + 18, "text-anchor": "middle", "font-size": size, style: `${one.ink ? `fill:${one.ink};` : ""}${one.faint ? "opacity:.65" : ""}` }, ui.short(token)));
      if (one.below !== undefined) picture.append(ui.svg("text", { class: "soft", x: x + each / 2, y: y + 38, "text-anchor": "middle", "font-size": Math.min(11, each / (0.6 * Math.max(1, one.below.length))) }, one.below));
    });
    return picture;
  };
  // Ink that can be read on a shade of `ui.shade`.
  ui.inkOn = shade => {
    const [r, g, b] = shade.match(/\d+/g).map(Number);
    return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#1c1d20" : "#ffffff";
  };
})();
