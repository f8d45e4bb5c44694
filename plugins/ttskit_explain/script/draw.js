"use strict";
// Pictures. All give an element to append; what they show is also said in words (`label`), for who does not see it.
//   ui.color(name)                         a CSS variable's value: "ink", "c0" …
//   ui.el(tag, attributes, ...children)    an HTML element; on… attributes are listeners
//   ui.svg(tag, attributes, ...children)   an SVG element
//   ui.heat({values, rows, columns, scale, range, label, height, marks, onpick})     a heat map with axes and a readout
//        values {shape: [rows, columns], data}; rows, columns {name, labels?, unit?, step?}; scale "mel" | "share" | "signed";
//        row 0 is drawn at the bottom where rows.up, else on top; marks [{row?, column?}] are outlined; onpick(row, column)
//   ui.lines({series: [{name, values, color, dash?}], x?, xlabel, ylabel, label, height, marks})      lines with a legend
//   ui.bars({values, labels, label, height, chosen, digits, onpick})                                  bars with numbers
(() => {
  const ui = ttskit.ui, NS = "http://www.w3.org/2000/svg";
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter(child => child !== null && child !== undefined));
    return node;
  };
  ui.el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  ui.svg = (tag, attributes, ...children) => fill(document.createElementNS(NS, tag), attributes, children);
  ui.color = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  ui.width = root => Math.max(240, Math.floor(root.clientWidth || root.parentElement.clientWidth || 600));

  // Colour maps that keep their order for everyone and in grey (after viridis and a blue–orange one), as stops.
  const STOPS = {
    mel: ["#0d0221", "#3b0f70", "#8c2981", "#de4968", "#fe9f6d", "#fcfdbf"],
    share: ["#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"],
    signed: ["#0b4f8a", "#6aaed6", "#f4f4f4", "#f4a261", "#a63d00"],
  };
  const DARK = { share: ["#17191d", "#16365c", "#1f6fb2", "#6db6f0", "#e6f4ff"], signed: ["#6db6f0", "#1f5c94", "#1b1d21", "#a6561a", "#ffb27a"] };
  const parse = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
  const map = name => {
    const stops = ((ui.dark && DARK[name]) || STOPS[name] || STOPS.mel).map(parse);
    return share => {
      const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1), i = Math.min(Math.floor(at), stops.length - 2), f = at - i;
      return stops[i].map((c, k) => c + (stops[i + 1][k] - c) * f);
    };
  };
  ui.shade = (share, scale = "share") => `rgb(${map(scale)(share).map(Math.round).join(",")})`;
  const span = (data, scale, range) => {
    if (range) return range;
    let low = Infinity, high = -Infinity;
    for (const x of data) if (Number.isFinite(x)) { if (x < low) low = x; if (x > high) high = x; }
    if (low > high) return [0, 1];
    if (scale === "signed") { const most = Math.max(Math.abs(low), Math.abs(high)) || 1; return [-most, most]; }
    if (scale === "share") return [0, Math.max(high, 1e-9)];
    return low === high ? [low, low + 1] : [low, high];
  };
  const place = (axis, i) => (axis.labels ? axis.labels[i] : String(i + 1)) + (axis.unit ? ` ${axis.unit}` : "");

  ui.heat = ({ values, rows, columns, scale = "share", range, label = "", height, marks = [], onpick, host, digits = 2 }) => {
    const [R, C] = values.shape, tall = height || Math.min(420, Math.max(90, R * (rows.labels ? 18 : 3)));
    const left = rows.labels ? 12 + 8 * Math.max(...rows.labels.map(l => String(l).length)) : 34, bottom = columns.labels ? 30 : 22;
    const wide = ui.width(host) - left - 4, [low, high] = span(values.data, scale, range), color = map(scale);
    const canvas = ui.el("canvas", { width: C, height: R, style: `width:${wide}px;height:${tall}px;image-rendering:pixelated;margin-left:${left}px`, "aria-hidden": "true" });
    const context = canvas.getContext("2d"), image = context.createImageData(C, R);
    const row = r => (rows.up ? R - 1 - r : r);
    for (let r = 0; r < R; r++) for (let c = 0; c < C; c++) {
      const [red, green, blue] = color((values.data[r * C + c] - low) / (high - low || 1));
      image.data.set([red, green, blue, 255], 4 * (row(r) * C + c));
    }
    context.putImageData(image, 0, 0);
    const picture = ui.svg("svg", { width: wide + left + 4, height: tall + bottom, style: "position:absolute;left:0;top:0;pointer-events:none", "aria-hidden": "true" });
    const cell = { w: wide / C, h: tall / R };
    if (rows.labels) {
      const every = Math.ceil(13 / cell.h);
      rows.labels.forEach((text, r) => { if (r % every === 0) picture.append(ui.svg("text", { x: left - 5, y: (row(r) + 0.5) * cell.h + 4, "text-anchor": "end", "font-size": Math.min(13, Math.max(9, cell.h)) }, String(text))); });
    } else picture.append(ui.svg("text", { class: "soft", x: 12, y: tall / 2, transform: `rotate(-90 12 ${tall / 2})`, "text-anchor": "middle" }, ui.say(rows.name)));
    if (columns.labels) {
      const every = Math.ceil(14 / cell.w);
      columns.labels.forEach((text, c) => { if (c % every === 0) picture.append(ui.svg("text", { x: left + (c + 0.5) * cell.w, y: tall + 15, "text-anchor": "middle", "font-size": Math.min(13, Math.max(9, cell.w)) }, String(text))); });
    } else picture.append(ui.svg("text", { class: "soft", x: left + wide / 2, y: tall + 16, "text-anchor": "middle" }, ui.say(columns.name) + " →"));
    for (const mark of marks) picture.append(ui.svg("rect", { x: left + (mark.column ?? 0) * cell.w, y: mark.row === undefined ? 0 : row(mark.row) * cell.h, width: mark.column === undefined ? wide : cell.w, height: mark.row === undefined ? tall : cell.h, fill: "none", stroke: ui.color("c0"), "stroke-width": 2 }));
    const readout = ui.el("div", { class: "readout", "aria-live": "polite" });
    const cursor = ui.svg("rect", { width: Math.max(3, cell.w), height: Math.max(3, cell.h), fill: "none", stroke: "none", "stroke-width": 2 });
    picture.append(cursor);
    let at = [0, 0];
    const tell = (r, c) => {
      at = [r, c];
      for (const [name, value] of [["x", left + c * cell.w], ["y", row(r) * cell.h], ["stroke", ui.color("c0")]]) cursor.setAttribute(name, value);
      readout.textContent = `${ui.say(rows.name)} ${place(rows, r)}, ${ui.say(columns.name)} ${place(columns, c)}: ${ui.number(values.data[r * C + c], digits)}`;
    };
    const spot = event => {
      const box = canvas.getBoundingClientRect();
      const c = Math.min(C - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * C))), r = Math.min(R - 1, Math.max(0, Math.floor((event.clientY - box.top) / box.height * R)));
      return [row(r), c];
    };
    const keys = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [rows.up ? 1 : -1, 0], ArrowDown: [rows.up ? -1 : 1, 0] };
    const frame = ui.el("div", { class: "heat", role: "img", tabindex: "0", "aria-label": label || `${ui.say(rows.name)} × ${ui.say(columns.name)}`, style: `height:${tall + bottom}px`,
      onmousemove: event => { if (event.target === canvas) tell(...spot(event)); },
      onclick: event => { if (event.target === canvas) { tell(...spot(event)); if (onpick) onpick(...at); } },
      onkeydown: event => {
        const step = keys[event.key];
        if (step) { event.preventDefault(); tell(Math.min(R - 1, Math.max(0, at[0] + step[0])), Math.min(C - 1, Math.max(0, at[1] + step[1]))); }
        if (event.key === "Enter" && onpick) onpick(...at);
      } }, canvas, picture);
    return ui.el("div", {}, frame, readout);
  };

  ui.scale = (low, high, from, to) => x => from + (x - low) / (high - low || 1) * (to - from);
  ui.ticks = (low, high, count = 4) => {
    const raw = (high - low || 1) / count, size = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].find(k => k * size >= raw) * size;
    const found = [];
    for (let t = Math.ceil(low / step) * step; t <= high + step * 1e-6; t += step) found.push(Math.abs(t) < step * 1e-6 ? 0 : t);
    return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
  };
  ui.lines = ({ series, x, xlabel = "", ylabel = "", label = "", height = 200, marks = [], host, low, high }) => {
    const wide = ui.width(host), left = 52, bottom = 38, top = 8;
    const all = series.flatMap(s => Array.from(s.values)).filter(Number.isFinite);
    const xs = i => (x ? x[i] : i), longest = Math.max(...series.map(s => s.values.length));
    let [bottomValue, topValue] = [low ?? Math.min(...all), high ?? Math.max(...all)];
    if (bottomValue === topValue) topValue = bottomValue + 1;
    const sx = ui.scale(xs(0), xs(longest - 1), left, wide - 8), sy = ui.scale(bottomValue, topValue, height - bottom, top);
    const picture = ui.svg("svg", { width: wide, height, role: "img", "aria-label": label });
    const y = ui.ticks(bottomValue, topValue), h = ui.ticks(xs(0), xs(longest - 1), Math.max(2, Math.floor(wide / 110)));
    for (const t of y.found) picture.append(ui.svg("line", { class: "axis", x1: left, x2: wide - 8, y1: sy(t), y2: sy(t) }), ui.svg("text", { class: "soft", x: left - 6, y: sy(t) + 4, "text-anchor": "end" }, ui.number(t, y.digits)));
    for (const t of h.found) picture.append(ui.svg("text", { class: "soft", x: sx(t), y: height - bottom + 16, "text-anchor": "middle" }, ui.number(t, h.digits)));
    picture.append(ui.svg("text", { class: "soft", x: (left + wide) / 2, y: height - 4, "text-anchor": "middle" }, xlabel), ui.svg("text", { class: "soft", x: 12, y: (height - bottom) / 2, transform: `rotate(-90 12 ${(height - bottom) / 2})`, "text-anchor": "middle" }, ylabel));
    series.forEach((s, k) => {
      let pen = "", path = "";
      Array.from(s.values).forEach((value, i) => { if (Number.isFinite(value)) { path += `${pen || "M"}${sx(xs(i)).toFixed(1)},${sy(value).toFixed(1)}`; pen = "L"; } else pen = ""; });
      picture.append(ui.svg("path", { d: path, fill: "none", stroke: ui.color(s.color || `c${k % 6}`), "stroke-width": 2, "stroke-dasharray": s.dash || null }));
    });
    for (const mark of marks) picture.append(ui.svg("line", { x1: sx(mark), x2: sx(mark), y1: top, y2: height - bottom, stroke: ui.color("ink"), "stroke-width": 1.5 }));
    const legend = ui.el("ul", { class: "legend" }, series.map((s, k) => ui.el("li", {}, ui.svg("svg", { width: 26, height: 10, "aria-hidden": "true", style: "display:inline-block;margin-right:.4em" }, ui.svg("line", { x1: 0, x2: 26, y1: 5, y2: 5, stroke: ui.color(s.color || `c${k % 6}`), "stroke-width": 3, "stroke-dasharray": s.dash || null })), s.name)));
    return ui.el("div", {}, series.length > 1 || series[0].name ? legend : null, picture);
  };
  ui.bars = ({ values, labels, label = "", height = 170, chosen = -1, digits = 2, onpick, host, low = 0, high }) => {
    const wide = ui.width(host), each = wide / values.length, bottom = 24, top = 18;
    const most = high ?? Math.max(...values, 1e-9), least = Math.min(low, ...values), sy = ui.scale(least, most, height - bottom, top);
    const picture = ui.svg("svg", { width: wide, height, role: "img", "aria-label": label });
    Array.from(values).forEach((value, i) => {
      const y = Math.min(sy(value), sy(0)), tall = Math.max(1, Math.abs(sy(value) - sy(0)));
      const bar = ui.svg("rect", { x: i * each + 1, y, width: Math.max(1, each - 2), height: tall, fill: ui.color(i === chosen ? "c0" : "c1") }, ui.svg("title", {}, `${labels[i]}: ${ui.number(value, digits)}`));
      if (onpick) { bar.style.cursor = "pointer"; bar.addEventListener("click", () => onpick(i)); }
      picture.append(bar);
      if (each > 26) picture.append(ui.svg("text", { x: (i + 0.5) * each, y: y - 4, "text-anchor": "middle", "font-size": 11 }, ui.number(value, digits)));
      if (each > 9) picture.append(ui.svg("text", { x: (i + 0.5) * each, y: height - 8, "text-anchor": "middle", "font-size": Math.min(13, Math.max(9, each * 0.8)) }, labels[i]));
    });
    return picture;
  };
})();
