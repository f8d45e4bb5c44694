"use strict";
// The walk through self-attention: from queries and keys to what a layer adds. What the reader chose (run, layer, head, symbol, the
// other symbol) holds for all figures of the section.
//   ttskit.attention.state, .change({…})     what is chosen, and choosing
//   ttskit.attention.linked(root, spec, ui, paint)     draw() of a figure that is drawn again when something is chosen anywhere
//   ttskit.attention.show(root, parts, cells)     parts, then cells [(host) => [elements]] side by side where there is room;
//                                            the button that had the focus keeps it
ttskit.attention = (() => {
  const state = { stack: 0, layer: 0, head: 0, token: 0, other: 0, channel: 0, begun: false }, draws = [];
  const change = what => { Object.assign(state, what); draws.forEach(draw => draw()); };
  const linked = (root, spec, ui, paint) => {
    if (spec.start && !state.begun) Object.assign(state, spec.start, { begun: true });
    const draw = () => paint(spec.stacks && !spec.free ? settled(spec, ui) : null);
    draws.push(draw);
    return draw;
  };
  const rows = ({ shape, data }, index, size) => ({ shape: shape.slice(shape.length - 2), data: data.subarray(index * size, (index + 1) * size) });
  // What is chosen, within what this figure has; the arrays of the chosen layer and head.
  const settled = (spec, ui) => {
    const at = { ...state };
    at.stack = Math.min(at.stack, spec.stacks.length - 1);
    const stack = spec.stacks[at.stack];
    at.layer = Math.min(at.layer, stack.layers.length - 1);
    const layer = stack.layers[at.layer], N = stack.tokens.length;
    at.head = Math.min(at.head, layer.heads - 1);
    at.token = Math.min(at.token, N - 1);
    at.other = Math.min(at.other, N - 1);
    at.channel = Math.min(at.channel, layer.d - 1);
    const of = name => { const all = ui.array(layer[name]); return rows(all, at.head, all.shape[1] * all.shape[2]); };
    const row = name => { const one = of(name); return Array.from(one.data.subarray(at.token * one.shape[1], (at.token + 1) * one.shape[1])); };
    const value = name => { const all = ui.array(layer[name]); return all.data[at.head * all.shape[1] + at.token]; };
    const line = name => { const all = ui.array(layer[name]); return Array.from(all.data.subarray(at.head * all.shape[1], (at.head + 1) * all.shape[1])); };
    return { ...at, run: stack, layerOf: layer, N, tokens: stack.tokens, d: layer.d, of, row, value, line, names: { token: stack.tokens[at.token], other: stack.tokens[at.other], head: at.head + 1, layer: layer.number, d: layer.d } };
  };
  const beside = (root, cells) => {
    const grid = ttskit.ui.el("div", { style: "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:.4rem 1.2rem" });
    const hosts = cells.map(() => ttskit.ui.el("div", { style: "min-width:0" }));
    grid.append(...hosts);
    root.append(grid);
    hosts.forEach((host, i) => host.append(...cells[i](host).filter(Boolean)));
  };
  const show = (root, parts, cells = []) => {
    const held = root.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") || document.activeElement.textContent : null;
    root.replaceChildren(...parts.flat().filter(Boolean));
    if (cells.length) beside(root, cells);
    if (held === null) return;
    const again = [...root.querySelectorAll("button, input, select, [tabindex]")].find(one => (one.getAttribute("aria-label") || one.textContent) === held);
    if (again) again.focus({ preventScroll: true });
  };
  const strongest = (weights, token) => weights.reduce((best, w, j) => (j !== token && (best < 0 || w > weights[best]) ? j : best), -1);
  // The sentence's symbols as buttons; where there is no room for them, as a list to choose from.
  const symbols = ({ ui, root, tokens, chosen, label, onchange }) => (ui.width(root) > 480 ? ui.tokens({ tokens, chosen, label, onchange }) : ui.el("div", { class: "row" }, ui.el("label", {}, label,
    ui.el("select", { "aria-label": label, onchange: event => onchange(+event.target.value) }, tokens.map((token, i) => ui.el("option", { value: i, selected: i === chosen }, `${i + 1}: ${token}`))))));
  // The symbol, the layer and the head: the same above every figure.
  const controls = (see, spec, ui, root, withToken = true) => {
    const pick = token => {
      const one = see.of("weights"), row = Array.from(one.data.subarray(token * see.N, (token + 1) * see.N));
      change({ token, other: strongest(row, token) });
    };
    return [
      withToken ? symbols({ ui, root, tokens: see.tokens, chosen: see.token, label: ui.say("attention_choose"), onchange: pick }) : null,
      ui.el("div", { class: "row", style: "gap:1rem" },
        spec.stacks.length > 1 ? ui.choices({ label: ui.say("attention_run"), value: see.stack, options: spec.stacks.map((one, value) => ({ value, name: one.label })), onchange: stack => change({ stack }) }) : null,
        see.run.layers.length > 1 ? ui.choices({ label: ui.say("layer"), value: see.layer, options: see.run.layers.map((one, value) => ({ value, name: one.number })), onchange: layer => change({ layer }) }) : null,
        see.layerOf.heads > 1 ? ui.choices({ label: ui.say("head"), value: see.head, options: Array.from({ length: see.layerOf.heads }, (_, value) => ({ value, name: String(value + 1) })), onchange: head => change({ head }) }) : null),
    ];
  };
  const title = (ui, key, values) => ui.el("p", { style: "margin:.5rem 0 .1rem;font-weight:600" }, ui.say(key, values));
  const said = (ui, key, values) => ui.el("p", { class: "attention-said", "aria-live": "polite", style: "margin:.2rem 0 .6rem" }, ui.say(key, values));
  return { state, change, linked, show, symbols, controls, title, said, rows };
})();

(() => {
  const { change, linked, show, symbols, controls, title, said } = ttskit.attention;
  const sum = list => list.reduce((all, x) => all + x, 0);
  const most = arrays => arrays.reduce((high, { data }) => { for (const x of data) if (Math.abs(x) > high) high = Math.abs(x); return high; }, 1e-6);
  const figure = (name, paint) => ttskit.widget(`attention-${name}`, (root, spec, ui) => linked(root, spec, ui, see => paint(root, spec, ui, see)));

  figure("qkv", (root, spec, ui, see) => {
    const q = see.of("q"), k = see.of("k"), v = see.of("v"), D = see.d, top = most([q, k]), tall = Math.max(160, 13 * see.N);
    const mine = { shape: [1, D], data: q.data.subarray(see.token * D, (see.token + 1) * D) };
    const all = (values, key, range) => host => [title(ui, key, see.names), ui.heat({ values, rows: { name: "token", labels: see.tokens }, columns: { name: "channel" }, scale: "signed", range, height: tall, marks: [{ row: see.token }], label: ui.say(`${key}_label`, see.names), onpick: row => change({ other: row }), host })];
    show(root, [controls(see, spec, ui, root), title(ui, "attention_query", see.names), ui.heat({ values: mine, rows: { name: "token", labels: [see.names.token] }, columns: { name: "channel" }, scale: "signed", range: [-top, top], height: 28, label: ui.say("attention_query_label", see.names), host: root })], [all(k, "attention_keys", [-top, top]), all(v, "attention_values", undefined)]);
  });

  figure("scores", (root, spec, ui, see) => {
    const scores = see.row("scores"), D = see.d, q = see.row("q"), at = see.of("k"), k = Array.from(at.data.subarray(see.other * D, (see.other + 1) * D));
    const products = q.map((x, c) => x * k[c]), total = sum(products);
    const three = products.slice(0, 3).map((_, c) => [q[c], k[c]].map(x => (x < 0 ? `(${ui.number(x, 2)})` : ui.number(x, 2))).join(" × ")).join(" + ");
    show(root, [
      controls(see, spec, ui, root),
      title(ui, "attention_scores", see.names),
      ui.bars({ values: scores, labels: see.tokens, chosen: see.other, digits: see.N > 20 ? 0 : 1, label: ui.say("attention_scores_label", see.names), onpick: other => change({ other }), host: root }),
      ui.width(root) > 480 ? ui.el("p", { class: "soft", style: "margin:.6rem 0 .2rem" }, ui.say("attention_other")) : null,
      symbols({ ui, root, tokens: see.tokens, chosen: see.other, label: ui.say("attention_other"), onchange: other => change({ other }) }),
      title(ui, "attention_products", see.names),
      ui.bars({ values: products, labels: products.map((_, c) => (c % 8 === 0 ? String(c + 1) : "")), digits: 1, height: 130, label: ui.say("attention_products_label", see.names), host: root }),
      said(ui, "attention_product", { ...see.names, three, up: ui.number(sum(products.filter(x => x > 0)), 2), down: ui.number(sum(products.filter(x => x < 0)), 2), score: ui.number(total, 2) }),
    ]);
  });

  figure("scaled", (root, spec, ui, see) => {
    const raw = see.row("scores"), scaled = raw.map(x => x / Math.sqrt(see.d)), low = Math.min(0, ...raw), high = Math.max(0, ...raw), names = { ...see.names, root: ui.number(Math.sqrt(see.d), Number.isInteger(Math.sqrt(see.d)) ? 0 : 2) };
    const cell = (key, values, more, after) => host => [title(ui, key, names), ui.bars({ values, labels: see.tokens, chosen: see.other, height: 150, label: ui.say(`${key}_label`, names), onpick: other => change({ other }), host, ...more }), after ? said(ui, after.key, { ...names, ...after.values }) : null];
    const bits = name => { const x = see.value(name); return { bits: ui.number(x, 2), places: ui.number(2 ** x, 1) }; };
    const whole = { digits: 2, low: 0, high: 1 };
    show(root, [controls(see, spec, ui, root)], [
      cell("attention_raw", raw, { digits: 1, low, high }),
      cell("attention_divided", scaled, { digits: 1, low, high }),
      cell("attention_sharp", see.row("sharp"), whole, { key: "attention_entropy", values: bits("sharp_bits") }),
      cell("attention_soft", see.row("weights"), whole, { key: "attention_entropy", values: bits("bits") }),
    ]);
  });

  figure("growth", (root, spec, ui, see) => {
    const measured = see.line("grown"), independent = see.line("independent"), x = measured.map((_, c) => c + 1);
    show(root, [
      controls(see, spec, ui, root, false),
      ui.lines({ series: [{ name: ui.say("attention_measured"), values: measured }, { name: ui.say("attention_independent"), values: independent, dash: "6 4" }], x, low: 0, xlabel: ui.say("attention_counted"), ylabel: ui.say("attention_deviation"), label: ui.say("attention_growth_label", see.names), height: 220, host: root }),
      said(ui, "attention_grown", { ...see.names, quarter: ui.number(measured[Math.max(0, Math.round(see.d / 4) - 1)], 2), whole: ui.number(measured[see.d - 1], 2), after: ui.number(measured[see.d - 1] / Math.sqrt(see.d), 2), n: Math.max(1, Math.round(see.d / 4)) }),
    ]);
  });

  figure("softmax", (root, spec, ui, see) => {
    const scaled = see.row("scores").map(x => x / Math.sqrt(see.d)), raised = scaled.map(Math.exp), weights = see.row("weights"), all = sum(raised);
    const bars = (values, digits, label, more) => ui.bars({ values, labels: see.tokens, chosen: see.other, height: 130, digits, label: ui.say(label, see.names), onpick: other => change({ other }), host: root, ...more });
    show(root, [
      controls(see, spec, ui, root),
      title(ui, "attention_divided_plain", see.names), bars(scaled, 1, "attention_divided_plain"),
      title(ui, "attention_raised", see.names), bars(raised, 1, "attention_raised"),
      title(ui, "attention_weights", see.names), bars(weights, 2, "attention_weights", { high: Math.max(...weights) }),
      said(ui, "attention_shared", { ...see.names, scaled: ui.number(scaled[see.other], 2), raised: ui.number(raised[see.other], 2), all: ui.number(all, 1), weight: ui.number(raised[see.other] / all, 3), percent: ui.number(100 * raised[see.other] / all, 1) }),
    ]);
  });

  figure("sum", (root, spec, ui, see) => {
    const weights = see.row("weights"), v = see.of("v"), D = see.d, SHOWN = 8;
    const order = weights.map((w, j) => j).sort((a, b) => weights[b] - weights[a]), shown = order.slice(0, SHOWN), rest = order.slice(SHOWN);
    const parts = shown.map(j => Array.from({ length: D }, (_, c) => weights[j] * v.data[j * D + c]));
    if (rest.length) parts.push(Array.from({ length: D }, (_, c) => sum(rest.map(j => weights[j] * v.data[j * D + c]))));
    const total = see.row("out"), labels = shown.map(j => `${see.tokens[j]} ${ui.number(100 * weights[j], 0)} %`);
    if (rest.length) labels.push(ui.say("attention_rest", { n: rest.length }));
    const data = Float32Array.from([...parts, total].flat()), R = parts.length + 1, here = parts.map(part => part[see.channel]);
    const pick = (row, channel) => change({ channel });
    show(root, [
      controls(see, spec, ui, root),
      title(ui, "attention_contributions", see.names),
      ui.heat({ values: { shape: [R, D], data }, rows: { name: "token", labels: [...labels, ui.say("attention_total")] }, columns: { name: "channel" }, scale: "signed", height: 20 * R, digits: 3, marks: [{ column: see.channel }, { row: R - 1 }], label: ui.say("attention_contributions_label", see.names), onpick: pick, host: root }),
      ui.slider({ label: ui.say("channel"), min: 0, max: D - 1, value: see.channel, show: c => String(c + 1), onchange: channel => change({ channel }) }),
      ui.bars({ values: [...here, total[see.channel]], labels: [...shown.map(j => see.tokens[j]), ...(rest.length ? ["…"] : []), "Σ"], chosen: R - 1, digits: 3, height: 150, label: ui.say("attention_channel_label", { ...see.names, channel: see.channel + 1 }), host: root }),
      said(ui, "attention_added", { ...see.names, channel: see.channel + 1, sum: ui.number(sum(here), 3), out: ui.number(total[see.channel], 3) }),
    ]);
  });

  figure("heads", (root, spec, ui, see) => {
    const layer = see.layerOf, out = ui.array(layer.out), D = see.d, H = layer.heads, length = row => Math.sqrt(sum(row.map(x => x * x)));
    const joined = Array.from({ length: H }, (_, h) => Array.from(out.data.subarray((h * see.N + see.token) * D, (h * see.N + see.token + 1) * D)));
    const parts = [
      controls(see, spec, ui, root),
      title(ui, "attention_joined", { ...see.names, H, width: H * D }),
      ui.heat({ values: { shape: [H, D], data: Float32Array.from(joined.flat()) }, rows: { name: "head", labels: joined.map((_, h) => `${ui.say("head")} ${h + 1}`) }, columns: { name: "channel" }, scale: "signed", height: 30 * H, digits: 3, marks: H > 1 ? [{ row: see.head }] : [], label: ui.say("attention_joined_label", see.names), host: root }),
    ];
    if (layer.adds) {
      const adds = ui.array(layer.adds), C = adds.shape[1], total = Array.from(adds.data.subarray(see.token * C, (see.token + 1) * C));
      const given = layer.given ? ui.array(layer.given) : null, lines = [], labels = [];
      if (given) for (let h = 0; h < H; h++) { lines.push(Array.from(given.data.subarray((h * see.N + see.token) * C, (h * see.N + see.token + 1) * C))); labels.push(`${ui.say("head")} ${h + 1}`); }
      const left = given ? total.map((x, c) => x - sum(lines.map(line => line[c]))) : null;
      const biased = left && length(left) > 0.02 * length(total);
      if (biased) { lines.push(left); labels.push(ui.say("attention_bias")); }
      const R = lines.length + 1;
      parts.push(title(ui, "attention_mixed", { ...see.names, C }),
        ui.heat({ values: { shape: [R, C], data: Float32Array.from([...lines, total].flat()) }, rows: { name: "head", labels: [...labels, ui.say("attention_total")] }, columns: { name: "channel" }, scale: "signed", height: 30 * R, digits: 3, marks: [{ row: R - 1 }], label: ui.say("attention_mixed_label", see.names), host: root }));
      if (!given) parts.push(said(ui, "attention_not_apart", { run: see.run.label }));
      if (given) parts.push(said(ui, "attention_lengths", { ...see.names, parts: lines.map((line, i) => `${labels[i]}: ${ui.number(length(line), 2)}`).join("; "), total: ui.number(length(total), 2) }));
    }
    show(root, parts);
  });
})();
