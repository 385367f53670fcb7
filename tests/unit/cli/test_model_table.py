"""The table of models: full names first, numbers that fit, and nothing but what was told."""

from maestro.cli.model_table import table
from maestro_protocol.models import Model, Price


def _model(name: str, provider: str = "acme", **more: object) -> Model:
    return Model.model_validate({"id": f"{provider}/{name}", "provider": provider, "name": name, **more})


def test_what_is_known_stands_in_its_column() -> None:
    models = [
        _model("plain"),
        _model("large", shortName="big", contextWindow=1_048_576, prices=Price(input="1.25", output="10")),
        _model("old", shortName="old", contextWindow=8_192, deprecated=True, retiresOn="2027-01-15"),
        _model("tiny", "local", contextWindow=512, prices=Price(input="0.075", output="0", as_of="2026-11-01")),
        _model("going", "local", deprecated=True),
    ]
    assert table(models, {"acme": "Acme"}, "acme/large") == [
        "MODEL        SHORT  WINDOW  $/M IN  $/M OUT",
        "",
        "Acme",
        "acme/plain",
        "acme/large   big     1.05M    1.25    10.00  default",
        "acme/old                8k                   deprecated, until 2027-01-15",
        "",
        "local",
        "local/tiny             512  ~0.075    ~0.00",
        "local/going                                  deprecated",
        "",
        "~ from public lists, noted by 2026-11-01",
    ]


def test_no_models_are_a_heading_alone() -> None:
    assert table([], {}, None) == ["MODEL  SHORT  WINDOW  $/M IN  $/M OUT"]
