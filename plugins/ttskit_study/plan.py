"""The plan of a study: one YAML file, typed; every problem at once, with file, line and the nearest key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from ttskit.config import CompareConfig, shipped_recipes
from ttskit.config.files import Layers, read_layers
from ttskit.config.recipe import explained
from ttskit.config.training import parse_seconds
from ttskit.errors import ConfigError, UsageError
from ttskit_study.layout import ONE_CORPUS, slug

__all__ = [
    "AMOUNTS",
    "NOT_SPOKEN",
    "PRIMARY",
    "AlignerPlan",
    "Budget",
    "StudyPlan",
    "SystemPlan",
    "not_valid",
    "read_plan",
    "shipped_plans",
]

AMOUNTS = ("utterances", "frames", "seconds", "multiply_adds")
# Measure → smallest difference that matters, in the unit of the measure (dB, points of percent, semitones).
PRIMARY = {"mcd_db": 0.3, "phone_error_rate_test": 2.0, "log_f0_rmse_semitones": 0.5}
NOT_SPOKEN = ("models", "budget_s", "steps")  # fields of a comparison that say how to train

Name = Annotated[str, Field(min_length=1)]


class Budget(BaseModel):
    """How much each training gets: one amount is fixed, the others follow and are reported."""

    model_config = ConfigDict(extra="forbid")

    utterances: int | None = Field(None, ge=1, description="utterances that are trained on, each time it is counted")
    frames: int | None = Field(None, ge=1, description="mel frames of them, padding not counted")
    seconds: float | None = Field(None, gt=0, description="seconds of training on this machine, or 10m; timed by the plan")
    multiply_adds: float | None = Field(None, gt=0, description="multiplications with additions, forward and backward")

    @field_validator("seconds", mode="before")
    @classmethod
    def _duration(cls, value: Any) -> Any:
        return None if value is None else parse_seconds(value)

    @model_validator(mode="after")
    def _one(self) -> Budget:
        given = [name for name in AMOUNTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(AMOUNTS)}, got {', '.join(given) or 'none'}")
        return self

    @property
    def kind(self) -> str:
        """Which amount is fixed."""
        return next(name for name in AMOUNTS if getattr(self, name) is not None)

    @property
    def amount(self) -> float:
        """How much of it."""
        return float(getattr(self, self.kind))


class AlignerPlan(BaseModel):
    """The training that gives systems their durations."""

    model_config = ConfigDict(extra="forbid")

    recipe: Name = Field(description="shipped recipe, or a file (from the plan's folder)")
    model: Name | None = Field(None, description="what it trains; the recipe's model if not given")
    set: list[str] = Field(default_factory=list, description="differences from the recipe, as for --set: key.subkey=value")
    budget: Budget | None = Field(None, description="of its training; that of the systems if not given")
    seed: int = Field(1, ge=0, description="training seed: one aligner per minutes and corpus, shared by systems and seeds")


class SystemPlan(BaseModel):
    """A system: a recipe with a model, and what it stands for in the experiment."""

    model_config = ConfigDict(extra="forbid")

    recipe: Name = Field(description="shipped recipe, or a file (from the plan's folder)")
    model: Name | None = Field(None, description="what it trains; the recipe's model if not given")
    set: list[str] = Field(default_factory=list, description="differences from the recipe, as for --set: key.subkey=value")
    factors: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="levels of the factors that differ between systems, such as {decoding: AR}"
    )
    durations: bool | Name = Field(
        False, description="trained on durations: true for the study's aligner, whose cost is charged; or a corpus alignment"
    )
    label: str | None = Field(None, description="what the page calls it; its name if not given")


class StudyPlan(BaseModel):
    """A study: question, systems, what varies, what is fixed, and which measures decide."""

    model_config = ConfigDict(extra="forbid")

    question: Name = Field(description="what is asked, one sentence")
    corpus: Name | dict[str, Name] = Field(description="prepared corpus, or several by name")
    systems: dict[str, SystemPlan] = Field(min_length=1, description="what is compared, by name")
    minutes: list[Annotated[float, Field(gt=0)]] = Field(
        default_factory=list, description="minutes of training speech, nested subsets of the same sentences; none: all of it"
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        [1, 2, 3], min_length=1, description="training seeds, the same for every system"
    )
    aligner: AlignerPlan | None = Field(None, description="what gives durations to the systems that are trained on them")
    budget: Budget = Field(description="of each training: utterances, frames, seconds or multiply_adds")
    checkpoint: Literal["last", "best"] = Field("last", description="checkpoint that speaks, the same rule for all systems")
    primary: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=lambda: dict(PRIMARY),
        min_length=1,
        description="measures that decide → smallest difference that matters",
    )
    secondary: list[str] = Field(default_factory=list, description="measures that are shown, and said to be exploratory")
    speak: CompareConfig = Field(default_factory=CompareConfig, description="what is spoken and measured, as in a comparison")
    vocoder: str | None = Field(None, description="vocoder of all systems; the first system's recipe's if not given")
    threads: int = Field(1, ge=1, description="CPU threads of each training")
    device: str = Field("auto", description="cpu, cuda …; auto takes a GPU for each worker if there is one")

    _layers: Layers = PrivateAttr(default_factory=Layers)
    _path: Path = PrivateAttr(default_factory=Path)

    @field_validator("minutes", "seeds")
    @classmethod
    def _once(cls, value: list[Any]) -> list[Any]:
        twice = [f"{one:g}" for one, count in Counter(value).items() if count > 1]
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there twice")
        return value

    @field_validator("speak", mode="before")
    @classmethod
    def _speech_only(cls, value: Any) -> Any:
        wrong = [key for key in NOT_SPOKEN if isinstance(value, dict) and value.get(key) is not None]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: a study trains by systems and budget")
        return value

    @model_validator(mode="after")
    def _names(self) -> StudyPlan:
        for what, names in (("systems", list(self.systems)), ("corpora", list(self.corpora))):
            folders = Counter(slug(name) for name in names)
            twice = [name for name in names if folders[slug(name)] > 1]
            if twice:
                raise ValueError(f"these {what} would share a folder: {', '.join(twice)}")
        if self.aligner is None and (needing := [n for n, s in self.systems.items() if s.durations is True]):
            raise ValueError(f"no aligner is planned, and durations are wanted by {', '.join(needing)}")
        return self

    def to_json(self) -> dict[str, Any]:
        """The whole plan with its defaults, which reads back as equal."""
        return self.model_dump(mode="json", exclude={"speak": set(NOT_SPOKEN)})

    def read_from(self, written: StudyPlan) -> StudyPlan:
        """This plan with the file and the lines of another."""
        self._layers, self._path = written._layers, written._path
        return self

    @property
    def corpora(self) -> dict[str, str]:
        """Name → folder as written; a single corpus has the name `ONE_CORPUS`."""
        return {ONE_CORPUS: self.corpus} if isinstance(self.corpus, str) else dict(self.corpus)

    @property
    def path(self) -> Path:
        """The file that was read."""
        return self._path

    @property
    def factors(self) -> list[str]:
        """Names of the factors, in the order in which systems name them."""
        return list(dict.fromkeys(name for system in self.systems.values() for name in system.factors))

    def place(self, *keys: Any) -> str:
        """Where a value was written: file:line."""
        return self._layers.place(keys)

    def beside(self, name: str) -> Path:
        """A path of the plan: relative ones start at its folder, those of a shipped plan at the current one."""
        path = Path(name).expanduser()
        shipped = self._path in shipped_plans().values()
        return path if path.is_absolute() else (Path.cwd() if shipped else self._path.resolve().parent) / path


def shipped_plans() -> dict[str, Path]:
    """Plans that come with ttskit, by name: beside its recipes, in studies/."""
    folders = {path.parent / "studies" for path in shipped_recipes().values()}
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def read_plan(path: Path | str, overrides: Iterable[str] = (), written_as: Path | None = None) -> StudyPlan:
    """Read and check a plan; recipes and corpora are looked at by `ttskit_study.resolve`.

    Args:
        path: the file, or the name of a shipped plan.
        overrides: "a.b=c" as given to --set.
        written_as: the file that it is a copy of, beside which its relative paths start.

    Raises:
        UsageError: no such file.
        ConfigError: everything that is wrong, one line each: "file:line: key: message, did you mean …?".
    """
    shipped = shipped_plans()
    path = shipped.get(str(path), Path(path))
    if not path.is_file():
        why = f"neither a file nor a shipped plan: {', '.join(shipped)}"
        raise UsageError(f"no plan {path}", why, "ttskit study plan PLAN.yaml")
    layers = read_layers(path, overrides)
    for keys in (("budget",), ("aligner", "budget")):
        _overruled(layers, keys)
    try:
        plan = StudyPlan.model_validate(layers.data)
    except ValidationError as error:
        raise not_valid(explained(error, StudyPlan, layers, ())) from error
    plan._layers, plan._path = layers, written_as or path
    return plan


def _overruled(layers: Layers, keys: tuple[str, ...]) -> None:
    """An amount that is given by --set replaces the one of the file, whichever it was."""
    section: Any = layers.data
    for key in keys:
        section = section.get(key) if isinstance(section, dict) else None
    if not isinstance(section, dict):
        return
    asked = {name for name in section if layers.place((*keys, name)).startswith("--set")}
    for name in [name for name in section if asked and name in AMOUNTS and name not in asked]:
        del section[name]


def not_valid(lines: list[str]) -> ConfigError:
    """The error that names every problem of a plan."""
    unique = list(dict.fromkeys(lines))
    count = "1 problem" if len(unique) == 1 else f"{len(unique)} problems"  # messages
    return ConfigError(f"the plan is not valid: {count}", "\n".join(unique), "docs/study.md has every key")
