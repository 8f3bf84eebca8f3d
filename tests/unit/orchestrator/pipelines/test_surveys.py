"""What is measured before a run is a command and its input, as values."""

from orchestrator.pipelines.surveys import PlanChecks, Planned, Survey


def test_a_survey_gets_nothing_unless_it_says_what_and_half_an_hour() -> None:
    survey = Survey("services.text.coverage", ["--manifest", "-"], "reading the texts")
    assert list(survey.lines()) == [] and survey.limit_s == 1800
    assert list(PlanChecks([survey], lambda answers: [str(len(list(answers)))]).judge(iter([{}]))) == ["1"]


def test_unless_it_is_said_a_run_is_computed_here_and_for_the_first_time() -> None:
    run = Planned({"speech": {}}, {"speech": {}}, ["/data"])
    assert not run.elsewhere and not run.made_before and not run.follow_links
