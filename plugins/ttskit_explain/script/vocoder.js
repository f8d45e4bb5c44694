"use strict";
// From mel to waveform.
//   "vocoder-zoom"    {wave, mel, hop, rate, windows: [{first, samples}], audio}   from the whole sentence to one period
//   "vocoder-stages"  {levels: [{rate, hz, channels, places, kernel?, signal?}], first, frames, hop, wave}
//   "vocoder-field"   {cone: (hop, levels, 2), places, hz, hop, rate, frames, frame, mel}   what a sample depends on
//   "vocoder-fusion"  {stages: [{blocks: [{kernel, dilations, places}], hz, lines?, channel?}], first, variants}
//   "vocoder-judges"  {rate, period, folds: [{period, values}], scales: [{factor, values}]}
//   "vocoder-rounds"  {heard: [{rounds, audio}], distance}
(() => {
  const ui = ttskit.ui, LEFT = 34, RIGHT = 4; // as a heat map without labels has them, so that time lies under time
  const say = (key, values) => ui.say(`vocoder_${key}`, values);
  const time = seconds => (seconds >= 0.1 ? `${ui.number(seconds, 2)} s` : `${ui.number(1000 * seconds, 1)} ms`);
  const whole = x => String(Math.round(x)).replace(/\B(?=(\d{3})+$)/g, ui.language === "es" ? "\u202f" : ","); // as the texts have them

  // Buttons that keep the focus: what is pressed changes, not the buttons.
  const chooser = ({ label, options, value, onchange }) => {
    const group = ui.choices({ label, options, value, onchange: chosen => {
      [...group.querySelectorAll("button")].forEach((button, i) => button.setAttribute("aria-pressed", String(options[i].value === chosen)));
      onchange(chosen);
    } });
    return group;
  };
  const columns = ({ shape: [R, C], data }, first, last) => {
    const found = new Float32Array(R * (last - first));
    for (let r = 0; r < R; r++) found.set(data.subarray(r * C + first, r * C + last), r * (last - first));
    return { shape: [R, last - first], data: found };
  };
  // Columns first … last of a mel, each with its number where there is room for it.
  const numbered = (host, first, last) => {
    const room = (ui.width(host) - LEFT) / (last - first) > 9 * String(last).length + 2;
    return { name: "frame", first, labels: room ? Array.from({ length: last - first }, (_, i) => String(first + i + 1)) : null };
  };

  // A waveform from sample `first` on: a line, or the least and the greatest of each pixel; `shaded` is a stretch of it.
  const wave = ({ host, data, first = 0, rate, label, height = 130, shaded, mark, dots }) => {
    const wide = ui.width(host) - LEFT - RIGHT, count = data.length, bottom = 34, tall = height - bottom, dense = count > 6 * wide;
    let most = 1e-6;
    for (const x of data) most = Math.max(most, Math.abs(x));
    const sx = i => LEFT + (i + 0.5) / count * wide, sy = x => tall / 2 - x / most * (tall / 2 - 4);
    const picture = ui.svg("svg", { width: wide + LEFT + RIGHT, height, role: "img", "aria-label": label });
    if (shaded) picture.append(ui.svg("rect", { x: LEFT + shaded[0] / count * wide, y: 0, width: Math.max(1, (shaded[1] - shaded[0]) / count * wide), height: tall, fill: ui.color("c4"), opacity: 0.25 }));
    picture.append(ui.svg("line", { class: "axis", x1: LEFT, x2: LEFT + wide, y1: tall / 2, y2: tall / 2 }));
    let path = "";
    if (dense) for (let p = 0; p < wide; p++) {
      let low = Infinity, high = -Infinity;
      for (let i = Math.floor(p * count / wide); i < Math.floor((p + 1) * count / wide); i++) { low = Math.min(low, data[i]); high = Math.max(high, data[i]); }
      if (low <= high) path += `M${LEFT + p},${sy(low).toFixed(1)}V${(sy(high) - 0.5).toFixed(1)}`;
    } else for (let i = 0; i < count; i++) path += `${i ? "L" : "M"}${sx(i).toFixed(1)},${sy(data[i]).toFixed(1)}`;
    picture.append(ui.svg("path", { d: path, fill: "none", stroke: ui.color("c1"), "stroke-width": dense ? 1 : 1.4 }));
    if (dots) for (let i = 0; i < count; i++) picture.append(ui.svg("circle", { cx: sx(i), cy: sy(data[i]), r: 2, fill: ui.color("c1") }));
    if (mark !== undefined) picture.append(ui.svg("line", { x1: sx(mark), x2: sx(mark), y1: 0, y2: tall, stroke: ui.color("c0"), "stroke-width": 2 }));
    const unit = count / rate < 0.3 ? 1000 : 1, from = first / rate * unit, to = (first + count) / rate * unit;
    const { found, digits } = ui.ticks(from, to, Math.max(2, Math.floor(wide / 110)));
    for (const t of found) picture.append(ui.svg("text", { class: "soft", x: LEFT + (t - from) / (to - from) * wide, y: tall + 14, "text-anchor": "middle" }, ui.number(t, digits)));
    picture.append(ui.svg("text", { class: "soft", x: LEFT + wide / 2, y: height - 4, "text-anchor": "middle" }, say(unit === 1 ? "time_s" : "time_ms")));
    return picture;
  };

  ttskit.widget("vocoder-zoom", (root, spec, ui) => {
    let at = 0;
    return () => {
      const all = ui.array(spec.wave).data, mel = ui.array(spec.mel), picture = ui.el("div", {});
      const name = i => (i === 0 ? say("whole", { time: time(all.length / spec.rate) }) : i === spec.windows.length - 1 ? say("period", { time: time(spec.windows[i].samples / spec.rate) }) : time(spec.windows[i].samples / spec.rate));
      const show = () => {
        const { first, samples } = spec.windows[at], from = Math.floor(first / spec.hop), to = Math.min(mel.shape[1], Math.ceil((first + samples) / spec.hop));
        const start = from * spec.hop, end = Math.min(all.length, to * spec.hop), last = at === spec.windows.length - 1;
        picture.replaceChildren(
          ui.heat({ values: columns(mel, from, to), rows: { name: "band", up: true }, columns: numbered(root, from, to), scale: "mel", range: [Math.min(...mel.data), Math.max(...mel.data)], height: 150, label: say("mel_label", { first: from + 1, last: to }), host: root }),
          wave({ host: root, data: all.subarray(start, end), first: start, rate: spec.rate, shaded: last ? [first - start, first + samples - start] : null, dots: end - start < 200, label: say("wave_label", { window: name(at), samples: whole(samples) }) }),
          ui.el("p", { class: "readout", "aria-live": "polite" }, say("zoom_says", { columns: to - from, numbers: whole((to - from) * mel.shape[0]), samples: whole(samples) })));
      };
      const slider = ui.slider({ label: say("zoom"), values: spec.windows.map((_, i) => i), value: at, show: name, onchange: value => { at = value; show(); } });
      root.replaceChildren(ui.el("div", { class: "row" }, ui.player(spec.audio, ui.say("hear"))), slider, picture);
      show();
    };
  });

  // Two frames as every level has them: one place, then more and more.
  const ladder = (host, spec, at) => {
    const wide = ui.width(host), left = 86, each = 26, frames = 2, levels = spec.levels;
    const picture = ui.svg("svg", { width: wide, height: each * levels.length + 22, role: "img", "aria-label": say("ladder_label", { rates: levels.map(one => whole(one.hz)).join(", ") }) });
    let places = 1;
    levels.forEach((one, i) => {
      places *= one.rate;
      const y = i * each + 2, room = wide - left - 4, count = frames * places, step = room / count;
      picture.append(ui.svg("text", { x: left - 8, y: y + 15, "text-anchor": "end", "font-weight": i === at ? 700 : 400 }, i ? `×${one.rate}` : "mel"));
      if (step < 2.2) picture.append(ui.svg("rect", { x: left, y, width: room, height: each - 6, fill: ui.color(i === at ? "c0" : "c1") }));
      else for (let k = 0; k < count; k++) picture.append(ui.svg("rect", { x: left + k * step + 0.4, y, width: Math.max(1, step - 1), height: each - 6, fill: ui.color(i === at ? "c0" : "c1"), opacity: 0.85 }));
      if (places > 1 && step < 2.2) picture.append(ui.svg("text", { x: left + room / 2, y: y + 14, "text-anchor": "middle", style: "fill: var(--card); font-weight: 600" }, say("places", { count: whole(count) })));
    });
    picture.append(ui.svg("text", { class: "soft", x: left + (wide - left) / 2, y: each * levels.length + 16, "text-anchor": "middle" }, say("two_frames")));
    return picture;
  };
  ttskit.widget("vocoder-stages", (root, spec, ui) => {
    let at = 1;
    return () => {
      const picture = ui.el("div", {}), rate = spec.levels[spec.levels.length - 1].hz;
      const options = spec.levels.map((one, i) => ({ value: i, name: i ? say("stage", { number: i, rate: one.rate }) : say("start") }));
      const show = () => {
        const one = spec.levels[at], parts = [ladder(root, spec, at)];
        parts.push(ui.el("p", { class: "readout", "aria-live": "polite" }, say("stage_says", { hz: one.hz < 1000 ? ui.number(one.hz, 1) : whole(one.hz), channels: one.channels, places: whole(one.places), numbers: whole(one.places * one.channels) })));
        if (one.signal) {
          const signal = ui.array(one.signal);
          parts.push(ui.heat({ values: signal, rows: { name: "channel" }, columns: { name: "vocoder_place" }, scale: "signed", height: 150, label: say("signal_label", { stage: at }), host: root }));
          parts.push(wave({ host: root, data: signal.data.subarray(0, signal.shape[1]), first: spec.first * spec.hop * one.hz / rate, rate: one.hz, label: say("strongest", { stage: at }), height: 110, dots: signal.shape[1] < 100 }), ui.el("p", { class: "readout" }, say("strongest", { stage: at })));
        }
        if (at === spec.levels.length - 1 || one.signal) parts.push(wave({ host: root, data: ui.array(spec.wave).data, first: spec.first * spec.hop, rate, label: say("out_label"), height: 110 }), ui.el("p", { class: "readout" }, say("out_label")));
        picture.replaceChildren(...parts);
      };
      root.replaceChildren(chooser({ label: say("after"), options, value: at, onchange: value => { at = value; show(); } }), picture);
      show();
    };
  });

  ttskit.widget("vocoder-field", (root, spec, ui) => {
    let frame = spec.frame, inside = spec.hop >> 1;
    return () => {
      const table = ui.array(spec.cone), mel = ui.array(spec.mel), picture = ui.el("div", {});
      const [, levels] = table.shape, cell = (k, end) => table.data[(inside * levels + k) * 2 + end] + frame * spec.places[k];
      // So wide that the cones of all samples of the frame fit.
      let before = 0, after = 0;
      for (let s = 0; s < spec.hop; s++) { before = Math.min(before, table.data[s * levels * 2]); after = Math.max(after, table.data[s * levels * 2 + 1]); }
      const show = () => {
        const from = Math.max(0, frame + before - 3), to = Math.min(spec.frames, frame + after + 4);
        const wide = ui.width(root) - LEFT - RIGHT, sx = x => LEFT + (x - from) / (to - from) * wide;
        const first = Math.max(0, cell(0, 0)), last = Math.min(spec.frames - 1, cell(0, 1)), sample = frame * spec.hop + inside;
        const heat = ui.heat({ values: columns(mel, from, to), rows: { name: "band", up: true }, columns: numbered(root, from, to), scale: "mel", height: 140, range: [Math.min(...mel.data), Math.max(...mel.data)], label: say("field_mel_label", { first: first + 1, last: last + 1 }), host: root, marks: [{ column: first - from }, { column: last - from }] });
        const each = 44, svg = ui.svg("svg", { width: wide + LEFT + RIGHT, height: each * levels + 24, role: "img", "aria-label": say("cone_label", { sample: whole(sample + 1), first: first + 1, last: last + 1 }) });
        const edge = (k, end) => Math.min(Math.max(sx((cell(k, end) + end) / spec.places[k]), LEFT), LEFT + wide);
        for (let k = 0; k < levels; k++) {
          const y = k * each + 4, left = edge(k, 0), right = Math.max(edge(k, 1), left + 2);
          if (k + 1 < levels) svg.append(ui.svg("polygon", { points: `${left},${y + 18} ${right},${y + 18} ${Math.max(edge(k + 1, 1), edge(k + 1, 0) + 2)},${y + each} ${edge(k + 1, 0)},${y + each}`, fill: ui.color("c1"), opacity: 0.16 }));
          svg.append(ui.svg("rect", { x: left, y, width: right - left, height: 18, fill: ui.color(k === levels - 1 ? "c0" : "c1") }));
          const count = Math.min(cell(k, 1), spec.frames * spec.places[k] - 1) - Math.max(cell(k, 0), 0) + 1, long = say("level", { count: whole(count), hz: whole(spec.hz[k]) });
          const texts = k === 0 ? [say("frames", { count })] : k === levels - 1 ? [say("one_sample")] : [long, say("level_short", { count: whole(count) })];
          // To the right of the bar or to the left of it, in as many words as there is room for.
          const sides = texts.flatMap(text => [[text, right + 6, "start", right + 8 + 6.8 * text.length < LEFT + wide], [text, left - 6, "end", left - 8 - 6.8 * text.length > 0]]);
          const [text, x, anchor] = k === 0 ? [texts[0], (left + right) / 2, "middle"] : sides.find(one => one[3]) || sides[sides.length - 2];
          svg.append(ui.svg("text", { x, y: y + 14, "text-anchor": anchor, style: k === 0 ? "fill: var(--card); font-weight: 600" : null }, text));
        }
        picture.replaceChildren(heat, svg, ui.el("p", { class: "readout", "aria-live": "polite" }, say("field_says", { sample: whole(sample + 1), time: time(sample / spec.rate), first: first + 1, last: last + 1, count: last - first + 1, span: time((last - first + 1) * spec.hop / spec.rate) })));
      };
      root.replaceChildren(
        ui.slider({ label: say("frame"), min: 0, max: spec.frames - 1, value: frame, show: x => String(x + 1), onchange: value => { frame = value; show(); } }),
        ui.slider({ label: say("inside"), min: 0, max: spec.hop - 1, value: inside, show: x => say("of", { number: x + 1, all: spec.hop }), onchange: value => { inside = value; show(); } }),
        picture);
      show();
    };
  });

  // One row a convolution, the block's input on top: what the place in the middle of the output reaches, and the taps of that row.
  const taps = (host, blocks) => {
    const wide = ui.width(host), left = 92, each = 13, half = Math.max(...blocks.map(one => one.places)) / 2;
    const rows = blocks.reduce((sum, one) => sum + one.dilations.length + 1.8, 0), room = wide - left - 4;
    const picture = ui.svg("svg", { width: wide, height: rows * each + 8, role: "img", "aria-label": blocks.map(one => say("block_says", { kernel: one.kernel, dilations: one.dilations.join(", "), places: one.places })).join(" ") });
    const sx = x => left + (x + half) / (2 * half) * room;
    let y = 2;
    blocks.forEach((one, b) => {
      picture.append(ui.svg("text", { x: left, y: y + 10, "font-weight": 600 }, say("block", { kernel: one.kernel, places: one.places })));
      y += each * 1.3;
      let reach = (one.places - 1) / 2;
      one.dilations.forEach(dilation => {
        picture.append(ui.svg("rect", { x: sx(-reach - 0.5), y, width: sx(reach + 0.5) - sx(-reach - 0.5), height: each - 3, fill: ui.color(`c${b + 1}`), opacity: 0.22 }));
        for (let t = -(one.kernel - 1) / 2; t <= (one.kernel - 1) / 2; t++) picture.append(ui.svg("circle", { cx: sx(t * dilation), cy: y + (each - 3) / 2, r: 2.2, fill: ui.color(`c${b + 1}`) }));
        picture.append(ui.svg("text", { class: "soft", x: left - 6, y: y + 9, "text-anchor": "end", "font-size": 11 }, say("dilation", { dilation })));
        reach -= (one.kernel - 1) / 2 * dilation;
        y += each;
      });
      y += each * 0.5;
    });
    return picture;
  };
  ttskit.widget("vocoder-fusion", (root, spec, ui) => {
    let at = 0;
    return () => {
      const picture = ui.el("div", {}), parts = [];
      const show = () => {
        const stage = spec.stages[at], shown = [taps(root, stage.blocks)];
        if (stage.lines) {
          const lines = ui.array(stage.lines), [count, places] = lines.shape;
          const series = Array.from({ length: count }, (_, i) => ({ name: i < count - 1 ? say("kernel", { kernel: stage.blocks[i].kernel }) : say("mean"), values: lines.data.subarray(i * places, (i + 1) * places), color: i < count - 1 ? `c${i + 1}` : "c0", dash: [null, "6 3", "2 3", null][i] }));
          shown.push(ui.lines({ series, xlabel: ui.say("vocoder_place"), label: say("lines_label", { stage: at + 1, channel: stage.channel + 1 }), host: root }), ui.el("p", { class: "readout" }, say("lines_label", { stage: at + 1, channel: stage.channel + 1 })));
        }
        picture.replaceChildren(...shown);
      };
      if (spec.variants.length) parts.push(ui.el("div", { class: "row" }, spec.variants.map(one => ui.player(one.audio, one.block ? say("without", { block: one.block.split(".").pop() }) : say("with_all")))));
      if (spec.stages.length > 1 && spec.stages.some(one => one.lines)) parts.unshift(chooser({ label: say("after"), options: spec.stages.map((one, i) => ({ value: i, name: `${i + 1}` })), value: at, onchange: value => { at = value; show(); } }));
      root.replaceChildren(...parts, picture);
      show();
    };
  });

  // The numbers of the first samples, as they are laid out in rows.
  const grid = (host, period) => {
    const size = 30, turns = Math.max(3, Math.min(8, Math.floor((ui.width(host) - 40) / size))), picture = ui.svg("svg", { width: turns * size + 24, height: period * 22 + 4, role: "img", "aria-label": say("grid_label", { period }) });
    for (let row = 0; row < period; row++) for (let turn = 0; turn < turns; turn++) {
      picture.append(ui.svg("rect", { x: turn * size + 1, y: row * 22 + 1, width: size - 2, height: 20, rx: 3, fill: ui.color("code"), stroke: ui.color(row === 0 ? "c0" : "line") }),
        ui.svg("text", { x: (turn + 0.5) * size, y: row * 22 + 16, "text-anchor": "middle", "font-size": 12 }, String(turn * period + row + 1)));
    }
    picture.append(ui.svg("text", { class: "soft", x: turns * size + 4, y: 16 }, "…"));
    return picture;
  };
  ttskit.widget("vocoder-judges", (root, spec, ui) => {
    let at = spec.folds.length ? "p0" : "s0";
    return () => {
      const picture = ui.el("div", {});
      const show = () => {
        const kind = at[0], i = +at.slice(1);
        if (kind === "p") {
          const { period, values } = spec.folds[i], fold = ui.array(values);
          picture.replaceChildren(ui.el("p", {}, say("fold_says", { period })), grid(root, period),
            ui.heat({ values: fold, rows: { name: "vocoder_row", labels: Array.from({ length: period }, (_, r) => String(r + 1)) }, columns: { name: "vocoder_turn" }, scale: "signed", digits: 3, height: Math.max(70, 22 * period), label: say("fold_label", { period }), host: root }),
            ui.el("p", { class: "readout" }, say("fold_seen", { period, turns: whole(fold.shape[1]), rate: whole(spec.rate / period) })));
        } else {
          const { factor, values } = spec.scales[i], seen = ui.array(values);
          picture.replaceChildren(ui.el("p", {}, say(factor === 1 ? "scale_as_is" : "scale_says", { factor, samples: whole(seen.data.length) })),
            wave({ host: root, data: seen.data, rate: spec.rate / factor, label: say("scale_label", { factor }), height: 170 }));
        }
      };
      const parts = [];
      const both = [...spec.folds.map((one, i) => ({ value: `p${i}`, name: say("fold", { period: one.period }) })), ...spec.scales.map((one, i) => ({ value: `s${i}`, name: one.factor === 1 ? say("scale_one") : `÷${one.factor}` }))];
      parts.push(chooser({ label: say("judge"), options: both, value: at, onchange: value => { at = value; show(); } }));
      root.replaceChildren(...parts, picture);
      show();
    };
  });

  ttskit.widget("vocoder-rounds", (root, spec, ui) => () => {
    const distance = Array.from(ui.array(spec.distance).data, x => 100 * x);
    root.replaceChildren(
      ui.el("div", { class: "row" }, spec.heard.map(one => ui.player(one.audio, one.rounds === 0 ? say("no_round") : say(one.rounds === 1 ? "round" : "rounds", { count: one.rounds })))),
      ui.lines({ series: [{ name: "", values: distance, color: "c1" }], xlabel: say("rounds_axis"), ylabel: "%", low: 0, label: say("distance_label", { start: ui.number(distance[0], 0), end: ui.number(distance[distance.length - 1], 0), rounds: distance.length - 1 }), marks: spec.heard.map(one => one.rounds), host: root }));
  });
})();
