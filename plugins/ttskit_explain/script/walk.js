"use strict";
// The walk through a parallel model. Frames per token come as whole numbers; a picture of frames has a strip of its tokens and words.
//   "walk-way"      eight boxes with their sizes, which lead to their cards
//   "walk-joint"    layers of tokens × frames, with the path of hard durations on top
//   "walk-states"   states (channels × places), stage by stage, and how much lies within what began alike
//   "walk-pitch"    the contour over the words, with knobs
//   "walk-growing"  tokens growing into frames, with the pace
//   "walk-column"   one frame's column, and what a band is the sum of
//   "walk-mel"      the mel with its tokens, and where the sound is
//   "walk-bars"     one value per token
(() => {
  const ui = ttskit.ui, LEFT = 34, RIGHT = 4; // as in ui.heat without names of rows
  const starts = frames => frames.reduce((all, n) => [...all, all[all.length - 1] + n], [0]);
  const most = lists => Math.max(...lists.flat());
  const ends = data => data.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, -Infinity]);
  const again = (root, parts) => { // the same control keeps the focus
    const all = () => [...root.querySelectorAll("button, input, [tabindex]")], at = all().indexOf(document.activeElement);
    root.replaceChildren(...parts.filter(Boolean));
    if (at >= 0 && all()[at]) all()[at].focus({ preventScroll: true });
  };
  // A step's name in the page's language: by its key, by its key without the number of a layer, else the model's own title.
  const words = JSON.parse(document.getElementById("words").textContent);
  const has = key => (words[ui.language] || {})[key] !== undefined;
  const named = (key, title) => {
    if (has(key)) return ui.say(key);
    const layer = /^(.*)\.(\d+)$/.exec(key), pattern = layer ? `${layer[1]}.layer` : "";
    return has(pattern) ? ui.say(pattern, { n: layer[2] }) : title;
  };
  // Tokens and words under a picture of frames.
  const strip = ({ frames, tokens, words, wide, left = LEFT, chosen = -1 }) => {
    const at = starts(frames), total = at[at.length - 1], x = ui.scale(0, total, left, left + wide), tall = 44;
    const picture = ui.svg("svg", { width: left + wide + RIGHT, height: tall, "aria-hidden": "true" });
    frames.forEach((n, i) => {
      const from = x(at[i]), to = x(at[i + 1]);
      picture.append(ui.svg("rect", { x: from, y: 0, width: Math.max(0, to - from), height: 18, fill: i === chosen ? ui.color("c0") : i % 2 ? ui.color("code") : ui.color("try"), opacity: i === chosen ? 0.35 : 1 }));
      if (to - from > 3 + 6 * tokens[i].length) picture.append(ui.svg("text", { x: (from + to) / 2, y: 13, "text-anchor": "middle", "font-size": 12 }, tokens[i]));
    });
    for (const word of words) {
      const from = x(at[word.first]) + 1, to = x(at[word.last + 1]) - 1;
      picture.append(ui.svg("line", { x1: from, x2: to, y1: 23, y2: 23, stroke: ui.color("soft"), "stroke-width": 2 }));
      if (to - from > 7 * word.text.length) picture.append(ui.svg("text", { class: "soft", x: (from + to) / 2, y: 38, "text-anchor": "middle" }, word.text));
    }
    return picture;
  };
  // What a sum is made of: a row each, to the left of the middle below zero, to the right above.
  const sums = (root, values, labels, label) => {
    const wide = ui.width(root), each = 20, left = 70, right = 52, most = Math.max(...values.map(Math.abs), 1e-9), x = ui.scale(-most, most, left, wide - right);
    const svg = ui.svg("svg", { width: wide, height: each * values.length, role: "img", "aria-label": `${label}: ${labels.map((name, i) => `${name} ${ui.number(values[i], 2)}`).join("; ")}` }, ui.svg("line", { class: "axis", x1: x(0), x2: x(0), y1: 0, y2: each * values.length }));
    values.forEach((value, i) => svg.append(
      ui.svg("text", { x: left - 8, y: i * each + 14, "text-anchor": "end" }, labels[i]),
      ui.svg("rect", { x: Math.min(x(0), x(value)), y: i * each + 3, width: Math.max(1, Math.abs(x(value) - x(0))), height: each - 6, fill: ui.color(value < 0 ? "c1" : "c0") }),
      ui.svg("text", { x: wide, y: i * each + 14, "text-anchor": "end" }, ui.number(value, 2))));
    return svg;
  };
  const room = (root, share = 1) => ({ clientWidth: Math.round(ui.width(root) * share) });
  const melOf = (own, root, spec, one, { range, share = 1, height = 170, chosen } = {}) => {
    const host = room(root, share), wide = ui.width(host) - LEFT - RIGHT;
    const heat = ui.heat({ values: own.array(one.mel), rows: { name: "band", up: true }, columns: { name: "frame" }, scale: "mel", range, label: ui.say("mel"), height, host });
    heat.lastChild.before(strip({ frames: one.frames, tokens: spec.tokens, words: spec.words, wide, chosen }));
    return { heat, wide };
  };
  const knobs = (spec, state, changed) => spec.knobs.length > 1 ? ui.choices({ label: ui.say("walk.knob"), value: state.knob, options: spec.knobs.map(one => ({ value: one.name, name: ui.say(`walk.knob.${one.name}`) })), onchange: changed }) : null;

  ttskit.widget("walk-way", (root, spec) => () => {
    const size = box => box.size.filter(Boolean).join(box.name === "duration" ? " → " : " × ");
    root.replaceChildren(ui.el("ol", { style: "list-style:none;padding:0;margin:0;display:flex;flex-wrap:wrap;gap:.6rem" }, spec.boxes.map((box, i) => {
      const said = ui.say(`walk.box.${box.name}`);
      const name = [ui.el("strong", {}, `${i + 1}. ${said}`), ui.el("span", { class: "soft", style: "font-size:.85rem" }, box.card ? size(box) : ui.say("walk.box.none"))];
      const style = "display:flex;flex-direction:column;gap:.15rem;border:1px solid var(--line);border-radius:10px;padding:.5rem .8rem;min-width:7.5rem;text-decoration:none;";
      return ui.el("li", { style: "display:flex;align-items:center;gap:.6rem" }, box.card ? ui.el("a", { href: `#${box.card}`, style: style + "background:var(--code)" }, name) : ui.el("span", { style: style + "border-style:dashed" }, name), i + 1 < spec.boxes.length ? ui.el("span", { class: "soft", "aria-hidden": "true" }, "→") : null);
    })));
  });

  ttskit.widget("walk-joint", (root, spec, ui) => {
    const state = { layer: (spec.layers.find(one => one.name === "soft" || one.name === "attention") || spec.layers[0]).name, path: true };
    const draw = () => {
      const layer = spec.layers.find(one => one.name === state.layer), at = starts(spec.hard), frames = at[at.length - 1], N = spec.tokens.length;
      const tall = Math.min(460, 15 * N), said = ui.say(`walk.layer.${layer.name}`);
      const heat = ui.heat({ values: ui.array(layer.values), rows: { name: "token", labels: spec.tokens }, columns: { name: "frame" }, scale: "share", range: layer.name === "prior" || layer.name === "alone" ? undefined : [0, 1], label: said, height: tall, host: root });
      if (state.path) {
        const left = 12 + 8 * Math.max(...spec.tokens.map(l => l.length)), x = ui.scale(0, frames, left, ui.width(root) - RIGHT), y = i => i * tall / N;
        const d = spec.hard.map((n, i) => `M${x(at[i])},${y(i)}H${x(at[i + 1])}V${y(i + 1)}H${x(at[i])}Z`).join("");
        heat.querySelector(".heat").append(ui.svg("svg", { width: ui.width(root), height: tall, style: "position:absolute;left:0;top:0;pointer-events:none", "aria-hidden": "true" }, ui.svg("path", { d, fill: "none", stroke: ui.color("c0"), "stroke-width": 1.5 })));
      }
      again(root, [
        ui.choices({ label: ui.say("walk.layer"), value: state.layer, options: spec.layers.map(one => ({ value: one.name, name: ui.say(`walk.layer.${one.name}`) })), onchange: value => { state.layer = value; draw(); } }),
        ui.el("div", { class: "row" }, ui.el("button", { type: "button", "data-toggle": "", "aria-pressed": String(state.path), onclick: () => { state.path = !state.path; draw(); } }, ui.say("walk.show_path"))),
        heat,
      ]);
    };
    return draw;
  });

  ttskit.widget("walk-states", (root, spec, ui) => {
    let at = 0;
    const draw = () => {
      const stage = spec.stages[at], wide = ui.width(root) - LEFT - RIGHT, name = named(stage.key, stage.title);
      const columns = spec.place === "token" ? { name: "token", labels: spec.tokens } : { name: "frame" };
      const heat = ui.heat({ values: ui.array(stage.values), rows: { name: "channel" }, columns, scale: "signed", label: name, height: 200, host: root });
      if (spec.place === "frame") heat.lastChild.before(strip({ frames: spec.frames, tokens: spec.tokens, words: spec.words, wide }));
      const row = (one, i) => {
        const share = spec.shares ? spec.shares[i] : null;
        return ui.el("div", { class: "row", style: "flex-wrap:nowrap" },
          ui.el("button", { type: "button", "aria-pressed": String(i === at), style: "flex:0 0 50%;text-align:left", onclick: () => { at = i; draw(); } }, `${i + 1}. ${named(one.key, one.title)}`),
          share === null ? null : ui.el("span", { "aria-hidden": "true", style: "flex:1;height:.8rem;background:var(--code);border-radius:4px;overflow:hidden" }, ui.el("span", { style: `display:block;height:100%;width:${100 * share}%;background:var(--c1)` })),
          share === null ? null : ui.el("span", { style: "min-width:4.2rem;text-align:right;font-variant-numeric:tabular-nums" }, `${ui.number(100 * share, 1)} %`));
      };
      again(root, [
        heat,
        spec.shares ? ui.el("p", { class: "soft" }, ui.say(`walk.within.${spec.place}`)) : null,
        spec.stages.length > 1 ? ui.el("div", { role: "group", "aria-label": ui.say("walk.stage") }, spec.stages.map(row)) : null,
      ]);
    };
    return draw;
  });

  ttskit.widget("walk-pitch", (root, spec, ui) => {
    const state = { knob: spec.knobs.length ? spec.knobs[0].name : "plain", values: { shift: 0, range: 1, word: null } };
    const plain = spec.variants[0], text = index => spec.words.find(one => one.index === index).text;
    const neutral = { shift: 0, range: 1, word: null }, words = spec.knobs.find(one => one.name === "word");
    const telling = { shift: 4, range: 0, word: words ? words.values[1] : null }; // a knob that is taken up does something at once
    const chosen = () => state.values[state.knob] === neutral[state.knob] || state.knob === "plain" ? plain : spec.variants.find(one => one.knob === state.knob && one.value === state.values[state.knob]);
    const show = { shift: x => `${x > 0 ? "+" : ""}${ui.number(x, 0)}`, range: x => ui.say(`walk.range.${x}`), word: index => (index === null ? ui.say("walk.no_word") : `+4: ${text(index)}`) };
    const picture = ui.el("div", {});
    const legend = () => ui.el("ul", { class: "legend" }, [["walk.now", "c1", 4, null], ["walk.own", "c5", 1.5, "5 4"], ["walk.mean", "soft", 1.5, "2 4"]].map(([key, color, width, dash]) => ui.el("li", {},
      ui.svg("svg", { width: 26, height: 10, "aria-hidden": "true", style: "display:inline-block;margin-right:.4em" }, ui.svg("line", { x1: 0, x2: 26, y1: 5, y2: 5, stroke: ui.color(color), "stroke-width": width, "stroke-dasharray": dash })), ui.say(key))));
    const contour = one => {
      const wide = ui.width(root), left = 52, right = 8, tall = 220, bottom = 26, frames = one.frames, at = starts(frames), x = ui.scale(0, at[at.length - 1], left, wide - right);
      const [low, high] = ends(spec.variants.flatMap(v => v.contour)), pad = 0.05 * (high - low || 1), y = ui.scale(low - pad, high + pad, tall - bottom, 8);
      const unit = ui.say(spec.unit === "hz" ? "walk.hz" : "walk.deviations");
      const svg = ui.svg("svg", { width: wide, height: tall, role: "img", "aria-label": `${ui.say("walk.contour")}: ${spec.tokens.map((t, i) => `${t} ${ui.number(one.contour[i], spec.unit === "hz" ? 0 : 2)}`).join(", ")}` });
      const ticks = ui.ticks(low, high);
      for (const t of ticks.found) svg.append(ui.svg("line", { class: "axis", x1: left, x2: wide - right, y1: y(t), y2: y(t) }), ui.svg("text", { class: "soft", x: left - 6, y: y(t) + 4, "text-anchor": "end" }, ui.number(t, ticks.digits)));
      svg.append(ui.svg("text", { class: "soft", x: 12, y: tall / 2, transform: `rotate(-90 12 ${tall / 2})`, "text-anchor": "middle" }, unit));
      svg.append(ui.svg("line", { x1: left, x2: wide - right, y1: y(spec.mean), y2: y(spec.mean), stroke: ui.color("soft"), "stroke-dasharray": "2 4" }));
      for (const word of spec.words) {
        const from = x(at[word.first]) + 1, to = x(at[word.last + 1]) - 1;
        svg.append(ui.svg("rect", { x: from, y: 8, width: Math.max(1, to - from), height: tall - bottom - 8, fill: ui.color("accent"), opacity: 0.08 }));
        if (to - from > 9.5 * word.text.length) svg.append(ui.svg("text", { x: (from + to) / 2, y: tall - 8, "text-anchor": "middle", "font-weight": 600 }, word.text));
      }
      const line = (values, attributes) => svg.append(ui.svg("path", { fill: "none", d: values.map((v, i) => `${i ? "L" : "M"}${x((at[i] + at[i + 1]) / 2).toFixed(1)},${y(v).toFixed(1)}`).join(""), ...attributes }));
      if (one !== plain) line(plain.contour, { stroke: ui.color("c5"), "stroke-width": 1.5, "stroke-dasharray": "5 4" });
      line(one.contour, { stroke: ui.color("c1"), "stroke-width": 1, opacity: 0.6 });
      one.contour.forEach((v, i) => svg.append(ui.svg("line", { x1: x(at[i]) + 0.5, x2: x(at[i + 1]) - 0.5, y1: y(v), y2: y(v), stroke: ui.color("c1"), "stroke-width": 4 }, ui.svg("title", {}, `${spec.tokens[i]}: ${ui.number(v, spec.unit === "hz" ? 0 : 2)} ${unit}`))));
      return svg;
    };
    const paint = () => {
      const one = chosen(), range = ends(ui.array(plain.mel).data);
      picture.replaceChildren(ui.el("div", { class: "row" }, ui.player(one.audio, ui.say("hear"))), legend(), contour(one), melOf(ui, root, spec, one, { range }).heat);
    };
    const draw = () => {
      const knob = spec.knobs.find(one => one.name === state.knob);
      again(root, [
        knobs(spec, state, value => { state.knob = value; state.values[value] = telling[value]; draw(); }),
        knob ? ui.slider({ label: ui.say(`walk.knob.${knob.name}`), values: knob.values, value: state.values[knob.name], show: show[knob.name], onchange: value => { state.values[knob.name] = value; paint(); } }) : null,
        picture,
      ]);
      paint();
    };
    return draw;
  });

  ttskit.widget("walk-growing", (root, spec, ui) => {
    const N = spec.tokens.length, plain = spec.variants[0], state = { pace: 1, held: false, grown: N, picked: spec.picked };
    const picture = ui.el("div", {});
    let moving = 0;
    const chosen = () => (state.held ? spec.variants.find(one => one.knob === "held") : state.pace === 1 ? plain : spec.variants.find(one => one.knob === "pace" && one.value === state.pace));
    const widest = most(spec.variants.map(one => one.frames.reduce((a, b) => a + b, 0)));
    const growing = one => {
      const wide = ui.width(root), tall = 170, at = starts(one.frames), each = wide / N, x = ui.scale(0, widest, 0, wide), top = 30, low = 118, high = 146;
      const svg = ui.svg("svg", { width: wide, height: tall, role: "img", "aria-label": ui.say("walk.growing", { tokens: state.grown, frames: at[state.grown] }) });
      spec.tokens.forEach((token, i) => {
        const grown = i < state.grown, last = i === state.picked, color = ui.color(last ? "c0" : i % 2 ? "c1" : "c2");
        svg.append(ui.svg("rect", { x: i * each + 0.5, y: 4, width: each - 1, height: top - 4, rx: 2, fill: color, opacity: grown ? 0.4 : 0.12 }));
        if (each > 4 + 5 * token.length || (token.length === 1 && each > 7)) svg.append(ui.svg("text", { x: (i + 0.5) * each, y: 21, "text-anchor": "middle", "font-size": Math.min(14, each * 0.8) }, token));
        if (!grown) return;
        svg.append(ui.svg("path", { d: `M${i * each + 0.5},${top}L${(i + 1) * each - 0.5},${top}L${x(at[i + 1])},${low}L${x(at[i])},${low}Z`, fill: color, opacity: last ? 0.35 : 0.13 }));
        for (let t = at[i]; t < at[i + 1]; t++) svg.append(ui.svg("rect", { x: x(t), y: low, width: Math.max(0.8, x(1) - 0.7), height: high - low, fill: color, opacity: 0.75 }));
      });
      const frames = ui.say("walk.frames");
      svg.append(ui.svg("text", { class: "soft", x: x(at[state.grown]), y: 164, "text-anchor": at[state.grown] > widest / 2 ? "end" : "start" }, `${ui.number(at[state.grown], 0)} ${frames} = ${ui.number(at[state.grown] * spec.frame_seconds, 2)} s`));
      return svg;
    };
    const sentence = one => {
      const i = state.picked;
      const ms = ui.number(1000 * spec.frame_seconds * one.frames[i], 0), own = state.held && i === spec.held;
      if (!spec.log || own) return ui.say(own ? "walk.held_token" : "walk.token_frames", { token: spec.tokens[i], frames: one.frames[i], ms });
      return ui.say("walk.token_log", { token: spec.tokens[i], log: ui.number(spec.log[i], 2), exact: ui.number(Math.exp(spec.log[i]) - 1, 2), pace: ui.number(state.held ? 1 : state.pace, state.pace === 0.7 || state.pace > 1 ? 1 : 0), frames: one.frames[i], ms });
    };
    const paint = () => {
      const one = chosen();
      picture.replaceChildren(
        growing(one), ui.el("p", { "aria-live": "polite", style: "min-height:1.6em" }, sentence(one)),
        ui.bars({ values: one.frames, labels: spec.tokens, label: ui.say("walk.frames_per_token"), digits: 0, chosen: state.picked, high: most(spec.variants.map(v => v.frames)), height: 130, host: root, onpick: i => { state.picked = i; paint(); } }),
        ui.el("div", { class: "row" }, ui.player(one.audio, ui.say("hear"))),
        melOf(ui, root, spec, one, { range: ends(ui.array(plain.mel).data), share: at(one) / widest, height: 120, chosen: state.held ? spec.held : -1 }).heat);
    };
    const at = one => one.frames.reduce((a, b) => a + b, 0);
    const run = () => {
      clearInterval(moving);
      state.grown = 0;
      moving = setInterval(() => { state.grown += 1; state.picked = state.grown - 1; draw(); if (state.grown >= N) clearInterval(moving); }, 140);
      draw();
    };
    let hold = null;
    const draw = () => {
      hold = spec.held === null ? null : ui.el("button", { type: "button", "data-toggle": "", "aria-pressed": String(state.held), onclick: () => { state.held = !state.held; if (state.held) { state.grown = N; state.picked = spec.held; state.pace = 1; } draw(); } }, ui.say("walk.hold", { token: spec.tokens[spec.held] }));
      again(root, [
        spec.knobs.length ? ui.slider({ label: ui.say("walk.knob.pace"), values: spec.knobs[0].values, value: state.pace, show: x => `× ${ui.number(x, 1)}`, onchange: value => { state.pace = value; state.held = false; if (hold) hold.setAttribute("aria-pressed", "false"); paint(); } }) : null,
        hold ? ui.el("div", { class: "row" }, hold) : null,
        ui.el("div", { class: "row" }, ui.slider({ label: ui.say("walk.grown"), min: 0, max: N, value: state.grown, onchange: value => { clearInterval(moving); state.grown = value; state.picked = Math.max(0, value - 1); paint(); } }), ui.el("button", { type: "button", onclick: run }, ui.say("walk.grow"))),
        picture,
      ]);
      paint();
    };
    return draw;
  });

  ttskit.widget("walk-column", (root, spec, ui) => {
    const [F, M] = ui.array(spec.columns).shape, state = { frame: Math.floor(F / 2), band: Math.floor(M / 6) };
    const picture = ui.el("div", {});
    const paint = () => {
      const columns = ui.array(spec.columns).data, parts = ui.array(spec.parts), channels = ui.array(spec.channels), bias = ui.array(spec.bias).data;
      const wide = ui.width(root), tall = 150, [low, high] = spec.range, y = ui.scale(low, high, tall - 22, 6), each = (wide - 8) / M;
      const svg = ui.svg("svg", { width: wide, height: tall, role: "img", "aria-label": ui.say("walk.column", { token: spec.tokens[spec.owners[state.frame]], frame: spec.middles[state.frame] + 1 }) });
      for (let m = 0; m < M; m++) {
        const value = columns[state.frame * M + m];
        svg.append(ui.svg("rect", { x: m * each, y: y(value), width: Math.max(1, each - 1), height: tall - 22 - y(value) + 1, fill: ui.color(m === state.band ? "c0" : "c1"), style: "cursor:pointer", onclick: () => { state.band = m; draw(); } }, ui.svg("title", {}, `${ui.say("band")} ${m + 1}: ${ui.number(value, 2)}`)));
      }
      svg.append(ui.svg("text", { class: "soft", x: wide / 2, y: tall - 5, "text-anchor": "middle" }, `${ui.say("band")} 1 … ${M} →`));
      const K = parts.shape[2], place = (state.frame * M + state.band) * K, all = Array.from(parts.data.slice(place, place + K));
      const names = Array.from(channels.data.slice((state.frame * M + state.band) * (K - 1), (state.frame * M + state.band + 1) * (K - 1)), c => String(c + 1));
      const values = [bias[state.band], ...all], labels = [ui.say("walk.bias"), ...names, ui.say("walk.rest")];
      picture.replaceChildren(svg, ui.el("p", {}, ui.say("walk.sum", { band: state.band + 1, value: ui.number(columns[state.frame * M + state.band], 2) })),
        sums(root, values, labels, ui.say("walk.parts")));
    };
    const draw = () => {
      again(root, [
        ui.tokens({ tokens: spec.owners.map(i => spec.tokens[i]), chosen: state.frame, label: ui.say("walk.pick_token"), onchange: i => { state.frame = i; draw(); } }),
        ui.slider({ label: ui.say("band"), min: 0, max: M - 1, value: state.band, show: m => String(m + 1), onchange: value => { state.band = value; paint(); } }),
        picture,
      ]);
      paint();
    };
    return draw;
  });

  ttskit.widget("walk-mel", (root, spec, ui) => () => {
    const { heat, wide } = melOf(ui, root, spec, spec, { height: 240 }), at = starts(spec.frames), total = at[at.length - 1], x = ui.scale(0, total, LEFT, LEFT + wide);
    const over = ui.svg("svg", { width: LEFT + wide, height: 240, style: "position:absolute;left:0;top:0;pointer-events:none", "aria-hidden": "true" });
    for (const t of at.slice(1, -1)) over.append(ui.svg("line", { x1: x(t), x2: x(t), y1: 0, y2: 240, stroke: "#ffffff", "stroke-width": 0.7, opacity: 0.55 }));
    const head = over.appendChild(ui.svg("line", { y1: 0, y2: 240, stroke: "#ffffff", "stroke-width": 2.5, visibility: "hidden" }));
    heat.querySelector(".heat").append(over);
    const player = ui.player(spec.audio, ui.say("hear")), sound = player.sound;
    const events = ["play", "pause", "ended"];
    const follow = () => {
      if (!heat.isConnected) { events.forEach(event => sound.removeEventListener(event, follow)); return; } // drawn anew
      head.setAttribute("visibility", sound.paused ? "hidden" : "visible");
      const place = x(Math.min(total, sound.currentTime / spec.frame_seconds));
      head.setAttribute("x1", place);
      head.setAttribute("x2", place);
      if (!sound.paused) requestAnimationFrame(follow);
    };
    events.forEach(event => sound.addEventListener(event, follow));
    root.replaceChildren(ui.el("div", { class: "row" }, player), heat);
  });

  ttskit.widget("walk-bars", (root, spec, ui) => () => {
    const values = Array.from(ui.array(spec.values).data);
    root.replaceChildren(ui.bars({ values, labels: spec.tokens, label: ui.say(spec.what), high: Math.max(...values), low: Math.min(0, ...values), height: 140, host: root }));
  });

  ui.walk = { named, again, has };
})();
