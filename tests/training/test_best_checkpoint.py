"""Who names no checkpoint of a run gets its best one."""

import torch


def test_a_run_speaks_with_its_best_checkpoint_unless_another_is_named(random_run, registry):
    run = random_run("run")
    model = run.load(registry=registry).model
    for step, loss in ((3, 2.0), (5, 1.0), (9, 1.5)):
        with torch.no_grad():
            model.state_dict()["embedding.weight"].fill_(step)
        run.save(model, step, validation_loss=loss)
    assert run.weights()[1] == 5 and run.weights("last")[1] == 9
    for asked, step in (({}, 5), ({"checkpoint": "best"}, 5), ({"checkpoint": "last"}, 9), ({"checkpoint": 3}, 3)):
        loaded = run.load(registry=registry, **asked)
        assert loaded.step == step and set(loaded.model.state_dict()["embedding.weight"].flatten().tolist()) == {step}
