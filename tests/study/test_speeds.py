"""Speed of a study's systems: each number stands under the name of the system it was timed of."""

from __future__ import annotations

import json

from ttskit_study.layout import StudyFolder
from ttskit_study.speeds import measure_study_speed, timed_jobs


def test_every_system_is_timed_under_its_own_name(done):
    """Planted: the runs in another order than the names; no test saw it."""
    opened = done.open()
    plan = opened.resolved.plan
    plan.speak = plan.speak.model_copy(update={"speed_lengths": [8], "batch": 2})
    found = measure_study_speed(opened.study, opened.lock, opened.resolved, done.registry)
    jobs = {job.planned.system: job for job in timed_jobs(opened.study, opened.lock)}
    assert list(found["systems"]) == list(opened.lock.systems) == list(jobs) == ["frames", "whole"]
    sizes = {name: json.loads(job.place.cost.read_text(encoding="utf-8"))["parameters"] for name, job in jobs.items()}
    assert len(set(sizes.values())) == 2
    assert {name: own["parameters"] for name, own in found["systems"].items()} == sizes
    assert found["runs"] == {name: job.key for name, job in jobs.items()}
    assert json.loads(StudyFolder(done.out).speed.read_text(encoding="utf-8")) == found
