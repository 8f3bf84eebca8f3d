"""What is measured before a run is a command and its input, as values."""

from orchestrator.pipelines.surveys import PlanChecks, Survey


def test_a_survey_gets_nothing_unless_it_says_what() -> None:
    survey = Survey("services.text.coverage", ["--manifest", "-"])
    assert list(survey.lines()) == []
    assert list(PlanChecks([survey], lambda answers: [str(len(answers))]).judge([{}])) == ["1"]
