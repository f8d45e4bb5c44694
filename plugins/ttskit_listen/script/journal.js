"use strict";
// What one listener did, as the file that is handed in (answers.AnswerFile), kept in the browser so that nothing is lost.
//
// Nothing of a listener is kept before consent. The journal's key is the test's id and the listener's code. One tab writes at a time: it holds
// a lock that it renews; another tab that takes it over is told by an event of the storage.
(() => {
  const { page } = ttskit;
  const memory = {};  // where the browser keeps nothing
  const store = {
    works: true,
    get: key => { try { return localStorage.getItem(key); } catch { return memory[key] ?? null; } },
    set: (key, value) => { memory[key] = value; try { localStorage.setItem(key, value); } catch { store.works = false; } },
    drop: key => { delete memory[key]; try { localStorage.removeItem(key); } catch { /* nothing was kept */ } },
  };
  const key = (...names) => ["ttskit-listen", page.plan.id, ...names].join("/");
  const now = () => new Date().toISOString();
  const parsed = text => { try { return JSON.parse(text); } catch { return null; } };

  let kept = null, listeners = [];
  const fresh = () => ({
    file: {
      format: 1, test: page.plan.id, listener: page.listener, form: page.form, language: page.language, began: now(), ended: "",
      complete: false, consent: false, browser: { name: "", mobile: false, width: 0, height: 0 }, headphones: null, questions: {},
      answers: [],
    },
    done: {}, sent: {}, header: 0, sentHeader: -1, ended: false, completion: null, failed: [],
  });
  const open = () => {
    const before = parsed(store.get(key(page.listener)));
    kept = before && before.file && before.file.test === page.plan.id ? before : fresh();
    return kept;
  };
  const save = () => {
    if (kept.file.consent) store.set(key(page.listener), JSON.stringify(kept));
    if (kept.file.consent && page.unasked) store.set(key("own"), page.listener);
    listeners.forEach(told => told());
  };
  const change = fields => { Object.assign(kept.file, fields); kept.header += 1; save(); };
  const done = (name, fields) => { kept.done[name] = true; if (fields) change(fields); else save(); };
  const language = value => { if (kept && kept.file.language !== value) change({ language: value }); };
  const ask = answers => change({ questions: { ...kept.file.questions, ...answers } });
  const answer = one => { if (!answered(one.trial)) kept.file.answers.push(one); save(); };
  const answered = trial => kept.file.answers.some(one => one.trial === trial);
  const trials = () => page.plan.forms[page.form].trials;
  const left = () => trials().filter(one => !answered(one.id));
  const end = () => { if (!kept.file.complete) change({ complete: left().length === 0, ended: now() }); };
  // A sound that could not be loaded or played, for whoever analyses the test.
  const failed = name => {
    if (kept.failed.includes(name)) return;
    kept.failed.push(name);
    ask({ sound_errors: kept.failed.join(" ").slice(0, 2000) });
  };
  const forget = () => { store.drop(key(page.listener)); store.drop(key("own")); };
  const text = () => `${JSON.stringify(kept.file, null, 1)}\n`;

  // Codes that this browser made for itself, for static tests without invitations.
  const drawnBefore = () => store.get(key("own")) || "";
  const drawn = () => {
    if (drawnBefore()) return drawnBefore();
    const letters = "abcdefghijklmnopqrstuvwxyz0123456789", numbers = crypto.getRandomValues(new Uint32Array(9));
    const form = numbers[8] % page.plan.forms.length;
    return `${String(form).padStart(2, "0")}-${[...numbers.slice(0, 8)].map(number => letters[number % 36]).join("")}`;
  };

  const lock = (() => {
    const me = String(crypto.getRandomValues(new Uint32Array(2)).join("")), beat = 1500;
    let timer = 0, lost = () => {};
    const at = () => key(page.listener, "lock");
    const holder = () => parsed(store.get(at()));
    const taken = () => { const other = holder(); return Boolean(other && other.tab !== me && Date.now() - other.time < 4 * beat); };
    const write = () => store.set(at(), JSON.stringify({ tab: me, time: Date.now() }));
    const take = told => {
      lost = told;
      write();
      timer = setInterval(write, beat);
      addEventListener("pagehide", release);
    };
    const release = () => {
      clearInterval(timer);
      const held = holder();
      if (held && held.tab === me) store.drop(at());
    };
    addEventListener("storage", event => {
      if (!timer || event.key !== at() || !event.newValue) return;
      const other = parsed(event.newValue);
      if (other && other.tab !== me) { clearInterval(timer); timer = 0; lost(); }
    });
    return { taken, take, release };
  })();

  ttskit.journal = {
    open, save, change, done, language, ask, answer, answered, trials, left, end, failed, forget, text, drawn, drawnBefore, lock, now,
    get works() { return store.works; },
    get all() { return kept; },
    get file() { return kept.file; },
    told: one => { listeners.push(one); },
  };
})();
