"use strict";
// The walk of any run: its steps, each to be opened; a picture by the axes of its tensor, and the sentence with something changed.
//   "walk-steps"  {runs: [{run, decoding, steps: [{key, title, picture, variants, more}]}]}
(() => {
  const ui = ttskit.ui;
  const title = (...text) => ui.el("p", { class: "soft", style: "margin:.2rem 0" }, ...text);
  const heatOf = (own, root, picture, pane) => ui.heat({
    values: own.array(picture.panes[pane].values), rows: { ...picture.rows, labels: picture.rows.labels || undefined }, columns: { ...picture.columns, labels: picture.columns.labels || undefined },
    scale: picture.scale, range: picture.range, label: `${picture.tensor} ${picture.panes[pane].name}`, height: picture.rows.labels ? 15 * picture.shown[0] : Math.min(240, Math.max(100, 2.5 * picture.shown[0])), host: root,
  });
  const pictured = (own, root, picture, state, key, redraw) => {
    if (!picture) return [];
    if (picture.kind === "line") {
      const values = own.array(picture.values).data;
      return [picture.labels ? ui.bars({ values: Array.from(values), labels: picture.labels, label: picture.tensor, host: root, low: Math.min(0, ...values), digits: 1 })
        : ui.lines({ series: [{ name: "", values }], xlabel: ui.say(picture.axis), label: picture.tensor, host: root })];
    }
    const pane = state[key] || 0;
    const panes = picture.panes.length > 1 ? ui.choices({ label: ui.say(picture.pane === "gate" ? "walk.gate" : picture.pane), value: pane, options: picture.panes.map((one, i) => ({ value: i, name: one.name })), onchange: i => { state[key] = i; redraw(); } }) : null;
    return [panes, heatOf(own, root, picture, pane)];
  };
  const sizes = picture => `${picture.unit ? ` (${picture.unit})` : ""}${picture.shown ? ` · ${picture.shown.join(" × ")}${picture.cut ? ` (${ui.say("walk.cut", { all: picture.cut })})` : ""}` : ""}`;
  const changed = (own, root, step, state, key, redraw) => {
    if (!step.variants.length) return [];
    const at = state[key] || 0, one = step.variants[at];
    const name = v => (v.key ? `${ui.walk.named(v.key, v.title)}: ${chosen(v.choice)}` : ui.say("walk.unchanged"));
    return [
      ui.choices({ label: ui.say("walk.change"), value: at, options: step.variants.map((v, i) => ({ value: i, name: name(v) })), onchange: i => { state[key] = i; redraw(); } }),
      one.why ? ui.el("p", { class: "note" }, one.why) : null,
      one.audio ? ui.el("div", { class: "row" }, ui.player(one.audio, ui.say("hear"))) : null,
      one.mel ? ui.heat({ values: own.array(one.mel), rows: { name: "band", up: true }, columns: { name: "frame" }, scale: "mel", label: `${ui.say("mel")}, ${name(one)}`, height: 130, host: root }) : null,
    ];
  };
  const chosen = choice => { const said = ui.say(`walk.choice.${choice}`); return said === `walk.choice.${choice}` ? choice : said; };

  // A run's steps, each in a <details> that is filled when it is opened.
  const walked = (own, run, open, state) => run.steps.map((step, i) => {
    const about = ui.walk.named(`${step.key.replace(/\.\d+$/, "")}.about`, ""), place = `${run.run}/${i}`;
    const body = ui.el("div", { style: "padding:.3rem 0 .6rem" });
    const fill = () => ui.walk.again(body, [
      about ? ui.el("p", {}, about) : null,
      step.picture ? title(ui.el("code", {}, step.picture.tensor), sizes(step.picture)) : title(ui.say("walk.no_picture")),
      ...pictured(own, body, step.picture, state, `${place}/pane`, fill), ...changed(own, body, step, state, `${place}/changed`, fill),
      step.more.length ? title(`${ui.say("walk.more_changes")} ${step.more.map(key => ui.walk.named(key, key)).join("; ")}.`) : null,
    ]);
    const details = ui.el("details", { open: open.has(place), style: "border-top:1px solid var(--line);padding:.4rem 0", ontoggle: () => {
      if (!details.open) open.delete(place);
      else if (!open.has(place) || !body.childElementCount) { open.add(place); fill(); }
    } }, ui.el("summary", { style: "cursor:pointer;font-weight:600" }, `${i + 1}. ${ui.walk.named(step.key, step.title)}`), body);
    return details;
  });

  ttskit.widget("walk-steps", (root, spec, ui) => {
    const state = {}, open = new Set(spec.runs.slice(0, 1).map(one => `${one.run}/0`));
    return () => root.replaceChildren(...spec.runs.flatMap(run => [
      ui.el("h4", { style: "margin:1rem 0 .5rem" }, `${run.run} · ${ui.say(run.decoding === "parallel" ? "walk.parallel" : "walk.autoregressive")}`),
      ...walked(ui, run, open, state),
    ]));
  });
})();
