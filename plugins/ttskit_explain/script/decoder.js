"use strict";
// The decoder: "decoder.walk", "decoder.ends", "decoder.masked", "decoder.told".
(() => {
  const line = ({ shape: [, columns], data }, r) => data.slice(r * columns, (r + 1) * columns);
  const column = ({ shape: [rows, columns], data }, c) => Float32Array.from({ length: rows }, (_, r) => data[r * columns + c]);
  const largest = values => values.reduce((best, x, i) => (x > values[best] ? i : best), 0);
  const span = data => data.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, -Infinity]);
  const percent = (ui, x) => `${ui.number(100 * x, x > 0 && x < 0.001 ? 3 : 1)} %`;
  // Buttons for a run where there are several, and for layers and heads of what can be looked at.
  const runs = (ui, spec, at, onchange) => (spec.runs.length < 2 ? [] : [ui.choices({ label: ui.say("decoder_run"), value: at, options: spec.runs.map((run, i) => ({ value: i, name: run.label })), onchange })]);
  const heads = (ui, all, chosen, onchange) => {
    const layers = [...new Set(all.map(one => one.layer))], mine = all.filter(one => one.layer === chosen.layer);
    const name = layer => (layer ? `${ui.say("layer")} ${layer}` : ui.say("alignment"));
    const parts = [];
    if (layers.length > 1) parts.push(ui.choices({ label: ui.say("decoder_attention"), value: chosen.layer, options: layers.map(layer => ({ value: layer, name: name(layer) })), onchange: layer => onchange(all.find(one => one.layer === layer && one.head === chosen.head) || all.find(one => one.layer === layer)) }));
    if (mine.length > 1) parts.push(ui.choices({ label: ui.say("head"), value: chosen.head, options: mine.map(one => ({ value: one.head, name: String(one.head) })), onchange: head => onchange(mine.find(one => one.head === head)) }));
    return parts;
  };
  const meter = (ui, value, threshold, host) => {
    const wide = ui.width(host), limit = threshold === null ? "" : ` (${ui.say("decoder_threshold")}: ${percent(ui, threshold)})`, label = `${ui.say("decoder_stop")}: ${percent(ui, value)}${limit}`;
    const picture = ui.svg("svg", { width: wide, height: 42, role: "img", "aria-label": label });
    picture.append(
      ui.svg("text", { x: 0, y: 14 }, label),
      ui.svg("rect", { x: 0, y: 20, width: wide, height: 14, rx: 3, fill: "none", stroke: ui.color("line") }),
      ui.svg("rect", { x: 0, y: 20, width: Math.max(1, wide * value), height: 14, rx: 3, fill: ui.color(threshold !== null && value > threshold ? "c0" : "c1") }));
    if (threshold !== null) picture.append(ui.svg("line", { x1: wide * threshold, x2: wide * threshold, y1: 17, y2: 38, stroke: ui.color("ink"), "stroke-width": 2 }));
    return picture;
  };

  // Step by step: what was said, where it looks, what it hears, what it says next, whether it stops.
  ttskit.widget("decoder.walk", (root, spec, ui) => {
    let which = 0, at = Math.floor(spec.runs[0].steps / 3), look = spec.runs[0].looks[0] || null;
    const draw = () => {
      const run = spec.runs[which], mel = ui.array(run.mel), frames = mel.shape[1], [low, high] = span(mel.data);
      at = Math.min(at, run.steps - 1);
      const heard = run.heard && ui.array(run.heard), stop = run.stop && ui.array(run.stop).data, weights = look && ui.array(look.weights);
      const heat = ui.heat({ values: mel, rows: { name: "band", up: true }, columns: { name: "frame" }, scale: "mel", height: 150, label: ui.say("decoder_said"), host: root });
      const cover = ui.covered(heat, frames), now = ui.el("div", {});
      const show = step => {
        at = step;
        const first = step * run.each, last = Math.min(frames, first + run.each);
        cover(last, last - first);
        const parts = [ui.el("p", { class: "sum", "aria-live": "off" }, ui.say("decoder_now", { step: step + 1, steps: run.steps, said: first, seconds: ui.number(first * run.frame_s, 2), first: first + 1, last }))];
        if (weights) {
          const row = line(weights, step), top = largest(row);
          parts.push(
            ui.el("div", { class: "soft" }, ui.say("decoder_looks", { token: run.tokens[top], number: top + 1, share: percent(ui, row[top]) })),
            ui.bars({ values: row, labels: run.tokens.map(ui.short), chosen: top, high: 1, height: 120, label: ui.say("decoder_bars", { step: step + 1 }), host: root }));
        }
        if (stop) parts.push(meter(ui, stop[step], run.threshold, root));
        const series = [{ name: ui.say("decoder_next"), values: column(mel, last - 1), color: "c0" }];
        if (heard) series.unshift({ name: ui.say("decoder_heard"), values: line(heard, step), color: "c1", dash: "6 4" });
        parts.push(ui.lines({ series, low: Math.min(low, 0), high: Math.max(high, 0), height: 170, xlabel: ui.say("band"), label: ui.say("decoder_frames", { step: step + 1 }), host: root }));
        now.replaceChildren(...parts);
      };
      const walking = ui.scrub({ label: ui.say("step"), max: run.steps - 1, value: at, show: step => `${step + 1} / ${run.steps}`, onchange: show });
      const player = ui.player(run.audio, ui.say("hear"));
      player.sound.addEventListener("play", () => {
        const follow = () => {
          if (player.sound.paused || !walking.isConnected) return;
          walking.go(Math.floor(player.sound.currentTime / (run.frame_s * run.each)));
          requestAnimationFrame(follow);
        };
        follow();
      });
      root.replaceChildren(
        ...runs(ui, spec, which, i => { which = i; look = spec.runs[i].looks[0] || null; draw(); }),
        ui.el("div", { class: "row" }, player),
        ...(look ? heads(ui, run.looks, look, chosen => { look = chosen; draw(); }) : []),
        walking, heat, now);
      show(at);
    };
    return draw;
  });

  // The stop probability over the steps, and where other thresholds would have ended the sentence.
  ttskit.widget("decoder.ends", (root, spec, ui) => {
    let which = 0, chosen = null;
    const draw = () => {
      const run = spec.runs[which], stop = ui.array(run.stop).data, inside = ui.el("div", {});
      if (chosen === null) chosen = Math.max(0, run.ends.findIndex(one => one.threshold === run.threshold));
      const show = i => {
        chosen = i;
        const { threshold, step } = run.ends[i];
        inside.replaceChildren(
          ui.lines({ series: [{ name: ui.say("decoder_stop"), values: stop, color: "c1" }, { name: ui.say("decoder_threshold"), values: Array.from(stop, () => threshold), color: "c0", dash: "6 4" }], x: Array.from(stop, (_, k) => k + 1), low: 0, high: 1, height: 210, marks: step ? [step] : [], xlabel: ui.say("step"), label: ui.say("decoder_stop_curve"), host: root }),
          ui.el("p", { class: "sum", "aria-live": "polite" }, step ? ui.say("decoder_ends", { threshold: ui.number(threshold, 2), step, seconds: ui.number(step * run.step_s, 2) }) : ui.say("decoder_never", { threshold: ui.number(threshold, 2) })));
      };
      root.replaceChildren(
        ...runs(ui, spec, which, i => { which = i; chosen = null; draw(); }),
        ui.slider({ label: ui.say("decoder_threshold"), min: 0, max: run.ends.length - 1, value: chosen, show: i => ui.number(run.ends[i].threshold, 2), onchange: show }),
        inside);
      show(chosen);
    };
    return draw;
  });

  // Attention of a decoder over its own steps: the triangle that the mask leaves, and a row of it.
  ttskit.widget("decoder.masked", (root, spec, ui) => {
    let picture = spec.pictures[0], at = Math.floor(ui.array(picture.weights).shape[0] / 3);
    const masks = [...new Set(spec.pictures.map(one => one.mask))];
    const draw = () => {
      const weights = ui.array(picture.weights), steps = weights.shape[0], inside = ui.el("div", {}), mine = spec.pictures.filter(one => one.mask === picture.mask);
      at = Math.min(at, steps - 1);
      const show = step => {
        at = step;
        const row = line(weights, step), later = row.slice(step + 1).reduce((sum, x) => sum + x, 0), top = largest(row);
        inside.replaceChildren(
          ui.heat({ values: weights, rows: { name: "query" }, columns: { name: "key" }, height: Math.min(300, ui.width(root) * 0.6), marks: [{ row: step }], label: ui.say("decoder_triangle"), onpick: walking.go, host: root }),
          ui.el("p", { class: "sum", "aria-live": "off" }, ui.say("decoder_row", { step: step + 1, top: top + 1, share: percent(ui, row[top]), later: percent(ui, later) })),
          ui.bars({ values: row, labels: Array.from(row, (_, k) => (k % 5 === 4 || !k ? String(k + 1) : "")), chosen: step, height: 120, label: ui.say("decoder_row_bars", { step: step + 1 }), host: root }));
      };
      const walking = ui.scrub({ label: ui.say("step"), max: steps - 1, value: at, show: step => `${step + 1} / ${steps}`, onchange: step => show(step) });
      root.replaceChildren(
        ...(masks.length < 2 ? [] : [ui.choices({ label: ui.say("decoder_rows"), value: picture.mask, options: masks.map(mask => ({ value: mask, name: ui.say(`decoder_rows_${mask}`) })), onchange: mask => { picture = spec.pictures.find(one => one.mask === mask && one.layer === picture.layer && one.head === picture.head) || spec.pictures.find(one => one.mask === mask); draw(); } })]),
        ...heads(ui, mine, picture, chosen => { picture = chosen; draw(); }),
        walking, inside);
      show(at);
    };
    return draw;
  });

  // What location-sensitive attention is told of itself: where it has just looked, where it has looked so far; and where it looks then.
  ttskit.widget("decoder.told", (root, spec, ui) => {
    let at = Math.floor(ui.array(spec.now).shape[0] / 2);
    const rows = ["last", "all", "now"];
    const draw = () => {
      const arrays = Object.fromEntries(rows.map(key => [key, ui.array(spec[key])])), steps = arrays.now.shape[0], inside = ui.el("div", {});
      const [, most] = span(arrays.all.data);
      const show = step => {
        at = step;
        inside.replaceChildren(...rows.map(key => {
          const row = line(arrays[key], step), name = ui.say(`decoder_told_${key}`);
          return ui.el("div", {}, ui.el("div", {}, name), ui.bars({ values: row, labels: spec.tokens.map(ui.short), chosen: largest(row), high: key === "all" ? Math.max(1, most) : 1, height: 105, label: `${name}, ${ui.say("step")} ${step + 1}`, host: root }));
        }));
      };
      root.replaceChildren(ui.scrub({ label: ui.say("step"), max: steps - 1, value: at, show: step => `${step + 1} / ${steps}`, onchange: show }), inside);
      show(at);
    };
    return draw;
  });
})();
