"use strict";
// The order of everything, from the journal: what was done is not asked again, and a closed browser goes on at the next trial.
(() => {
  const { page, span, one, journal, screens, finish, sync } = ttskit;
  const AHEAD = 3;  // trials whose sounds are asked for before they come

  const progress = () => {
    const box = one("#progress"), all = journal.trials(), given = all.length - journal.left().length;
    const shown = journal.file.consent && given < all.length;
    box.hidden = !shown;
    one("#leave").hidden = !shown;
    if (shown) box.innerHTML = `<progress max="${all.length}" value="${given}" ${ttskit.label("progress", { n: given, of: all.length })}></progress>`;
  };

  const trials = () => {
    const left = journal.left(), steps = [];
    let since = 0;
    left.forEach((trial, index) => {
      const before = left[index - 1];
      if (!trial.practice && before && before.practice) steps.push(screens.test());
      if (!trial.practice && page.plan.break_every && since === page.plan.break_every) {
        steps.push(screens.rest(left.length - index));
        since = 0;
      }
      if (!trial.practice) since += 1;
      steps.push({
        type: ttskit.Trial,
        asked: trial,
        on_start: () => ttskit.sounds.preload(left.slice(index + 1, index + 1 + AHEAD)),
        on_finish: ({ trial: id, response, plays, heard, rt_ms, at }) => {
          if (ttskit.stopped) return;
          journal.answer({ trial: id, response, plays, heard, rt_ms, at });
          progress();
          sync.pump();
        },
      });
    });
    return steps;
  };
  const step = one => ({
    ...one,
    on_finish: data => {
      if (ttskit.stopped) return;
      if (one.on_finish) one.on_finish(data);
      progress();
      sync.pump();
    },
  });

  const timeline = () => {
    const { done, file } = journal.all, steps = [];
    if (!file.consent) steps.push(screens.welcome(), screens.consent(() => ttskit.stop(finish.declined)));
    else if (journal.left().length) steps.push(screens.back());
    if (!file.consent || !done.browser) steps.push(screens.browser());
    if (journal.left().length) {
      if (!done.volume) steps.push(screens.volume());
      if (page.plan.headphones.length && !done.headphones && !file.headphones) {
        const check = screens.headphones();
        steps.push(check.before, check);
      }
    }
    if (page.plan.questions.length && !done.questions) steps.push(screens.survey("questions", page.plan.questions, "questions.title"));
    const asked = trials();
    if (asked.length && !file.answers.some(one => !journal.trials().find(trial => trial.id === one.trial)?.practice)) steps.push(screens.instructions());
    steps.push(...asked);
    if (page.plan.closing.length && !done.closing) steps.push(screens.survey("closing", page.plan.closing, "closing.title"));
    return [...steps.map(one => (one.timeline ? one : step(one))), finish.end()];
  };

  const fault = (text, values) => { finish.note("fault", "fault.title", text, values); };
  const taken = () => {
    finish.note("taken", "taken.title", "taken").innerHTML = screens.button("taken.here", "here", "main");
    one('[data-go="here"]').addEventListener("click", () => { journal.open(); go(); });
  };
  const lost = () => ttskit.stop(() => finish.note("lost", "taken.title", "lost"));

  const go = () => {
    one("#stage").replaceChildren();  // what was said before anything had begun
    journal.lock.take(lost);
    ttskit.sounds.volume = journal.all.volume ?? 1;
    if (journal.file.consent) ttskit.speak(page.chosen || journal.file.language);
    ttskit.sounds.preload(journal.left().slice(0, AHEAD));
    let steps = 0;
    one("#stage").replaceChildren();
    const jsPsych = initJsPsych({
      display_element: "stage",
      on_trial_start: () => { one("#stage").dataset.step = String(steps += 1); },
      on_trial_finish: () => { delete one("#stage .jspsych-content").dataset.screen; },
    });
    ttskit.jsPsych = jsPsych;
    progress();
    sync.pump();
    running = jsPsych.run(timeline());
  };
  // The timeline ends where it is, what plays is silent, and then the page is for who calls.
  let running = Promise.resolve();
  ttskit.stop = then => {
    ttskit.stopped = true;
    ttskit.sounds.silence();
    ttskit.jsPsych.abortExperiment("");
    running.then(then);
  };

  const values = () => {
    const minutes = Math.max(1, Math.round(page.plan.minutes)), trials = page.plan.forms[page.form].trials.length;
    page.values = { minutes, trials, contact: "@contact", institution: "@institution", listener: page.listener };
  };
  const named = () => {
    for (const code of page.plan.languages) {
      const words = (page.words[code] ||= {});
      words.title = page.plan.title[code] || Object.values(page.plan.title)[0] || "";
      for (const asked of [...page.plan.questions, ...page.plan.closing]) {
        words[`question.${asked.name}`] = asked.title[code] || Object.values(asked.title)[0] || asked.name;
        for (const value in asked.choices) words[`question.${asked.name}.${value}`] = asked.choices[value][code] || Object.values(asked.choices[value])[0] || value;
      }
    }
  };

  const start = async () => {
    const asked = new URLSearchParams(location.search), { plan } = page;
    if (!plan) return;
    const spoken = [asked.get("lang"), ...navigator.languages.map(one => one.slice(0, 2).toLowerCase()), plan.languages[0]];
    page.chosen = plan.languages.includes(asked.get("lang")) ? asked.get("lang") : "";
    page.language = spoken.find(one => plan.languages.includes(one));
    named();
    one("#languages").innerHTML = plan.languages.length < 2 ? "" : plan.languages.map(code => `<button type="button" lang="${code}" data-to="${code}">${screens.names[code] || code}</button>`).join("");
    one("#title").innerHTML = span("title");
    one("#leave").innerHTML = span("leave");
    one("#leave").addEventListener("click", finish.leaving);
    document.addEventListener("click", event => { const to = event.target.closest("[data-to]"); if (to) ttskit.speak(to.dataset.to); });
    const given = asked.get("listener") || "";
    page.values = { minutes: "", trials: "", contact: "@contact", institution: "@institution", listener: given };
    ttskit.speak(page.language);
    if (given && !/^\d{1,4}-[a-z0-9]{4,40}$/.test(given)) { fault("fault.code"); return; }
    let found = null;
    if (page.mode.server) {
      if (!given && !page.mode.open) { fault("fault.invitation"); return; }
      finish.note("connecting", "title", "connecting");
      try {
        found = await sync.begin(given || journal.drawnBefore(), asked.get("PROLIFIC_PID") || "");
      } catch (error) {
        if (!(error instanceof sync.Refused)) throw error;
        fault("fault.refused", { reason: error.message });
        return;
      }
    }
    page.unasked = !given;
    page.listener = found ? found.listener : given || journal.drawn();
    page.form = Number(page.listener.split("-")[0]) % plan.forms.length;
    values();
    journal.open();
    if (found) sync.adopt(found.file);
    if (journal.lock.taken()) taken(); else go();
  };
  addEventListener("DOMContentLoaded", start);
  // A page that the browser took out of its memory has given its lock away and begins from the journal.
  addEventListener("pageshow", event => { if (event.persisted) location.reload(); });
})();
