"use strict";
// Sounds are <audio> elements, which also work where the page was opened from disk. Those of the next trials are asked for ahead.
(() => {
  const ahead = new Map(), live = new Set();
  const made = name => {
    const audio = new Audio();
    audio.preload = "auto";
    audio.src = `audio/${encodeURIComponent(name)}.flac`;
    return audio;
  };
  // An element of its own for each place in a trial: the same sound may stand in two of them.
  const slot = name => {
    const audio = ahead.get(name) || made(name);
    ahead.delete(name);
    audio.volume = ttskit.sounds.volume;
    live.add(audio);
    return audio;
  };
  // Browsers allow only so many players at a time (Chromium on phones 40): one that is done with is emptied.
  const release = audio => {
    audio.pause();
    live.delete(audio);
    audio.removeAttribute("src");
    audio.load();
  };
  const silence = () => { for (const audio of live) audio.pause(); };
  const names = trial => [...trial.sounds, ...(trial.reference ? [trial.reference] : [])];
  const preload = trials => {
    for (const name of new Set(trials.flatMap(names))) if (!ahead.has(name)) ahead.set(name, made(name));
  };
  ttskit.sounds = { slot, preload, release, silence, volume: 1, plays: () => Boolean(new Audio().canPlayType("audio/flac")) };
})();
