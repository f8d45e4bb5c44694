"""Everything that fine-tuning offers, in one chain, stopped in the middle of each part and resumed exactly."""

import signal

import pytest

from ttskit.corpus.prepared import PreparedCorpus
from ttskit.training import TrainingStopped


def test_a_voice_among_old_ones_and_the_vocoder_fitted_to_it(trained, new_corpus, random_run, losses_of, same_weights, at):
    old = PreparedCorpus.open(new_corpus("old", seed=3, speakers=("dani", "eva")))
    new = PreparedCorpus.open(new_corpus("new", seed=4, speakers=("ana",)))
    source, vocoder = random_run("source", speakers=("dani", "eva")), trained("hifigan", run="vocoder", data=new, steps=1)

    def both(model, name, steps, overrides, **more):
        """The run in one go, and the same stopped at its third step and resumed without a word of how it began."""
        whole = trained(model, run=f"{name}-whole", data=new, steps=steps, overrides=overrides, **more)
        registry = at(3, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(TrainingStopped):
            trained(model, run=f"{name}-cut", data=new, steps=steps, overrides=overrides, registry=registry, **more)
        cut = trained(model, run=f"{name}-cut", data=new, steps=None, overrides=overrides, resume=True)
        assert losses_of(cut.path) == losses_of(whole.path) and cut.total_steps == steps
        same_weights(cut, whole)
        return whole

    voice = both(
        "fastpitch",
        "voice",
        7,
        (
            f"training.rehearsal={{data: {old.folder.as_posix()}, share: 0.4}}",
            "training.transfer.speaker_from=eva",
            'training.freeze=["embedding.*"]',
            'training.freeze_until={"encoder.*": 5}',
            "training.validate_every=2",
        ),
        init_from=source.path,
    )
    assert voice.context.speakers.names == ("ana", "dani", "eva")
    both(
        "hifigan",
        "fitted",
        6,
        ("models.hifigan.options.discriminator_warmup=2", 'training.freeze=["generator.ups.*"]'),
        init_from=vocoder.path,
        from_acoustic=voice.path,
    )
