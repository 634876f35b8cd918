"""The command `tunesmith`: demo, run, plan, doctor. Reads arguments and prints; the work is elsewhere."""

import argparse
import json
import logging
import sys

from bot.errors import Transient, UserError
from bot.models import Examples, Plan


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 fine, 1 a problem that was explained, 2 wrong usage."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except UserError as error:
        print(f"{error.problem}\nWhat to do: {error.fix}", file=sys.stderr)
        return 1
    except Transient as error:
        print(f"No answer for now: {error}.\nWhat to do: try again in a moment.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tunesmith", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="serve your workspace (real Slack, real Hub)")
    run.add_argument("--verbose", action="store_true", help="log every decision")
    run.set_defaults(run=_run)

    demo = commands.add_parser("demo", help="open a local workspace that needs no account")
    demo.add_argument("--headless", action="store_true", help="walk one request without a browser and print the thread")
    demo.add_argument("--request", metavar="TEXT", help="what to ask for (with --headless)")
    demo.add_argument("--approve", action="store_true", help="approve the plan as the team lead (with --headless)")
    demo.add_argument("--hub", choices=("local", "real"), default="local", help="train here, or on Hugging Face Jobs")
    demo.add_argument("--delivery", choices=("socket", "http"), default="socket", help="how Slack reaches the bot")
    demo.add_argument("--port", type=int, default=8765, help="of the page; 0: any free one")
    demo.add_argument("--timeout", type=float, default=300.0, help="seconds for the headless walk")
    demo.add_argument("--no-browser", action="store_true", help="only print the address")
    demo.set_defaults(run=_demo)

    plan = commands.add_parser("plan", help="make a plan and print it; spends nothing")
    plan.add_argument("text", nargs="+", metavar="TEXT", help=f'such as: "{Examples().request} under $5"')
    plan.add_argument("--json", action="store_true", help="the whole plan as JSON, with `why`")
    plan.add_argument("--short", action="store_true", help="without the explanation")
    plan.set_defaults(run=_plan)

    doctor = commands.add_parser("doctor", help="check tokens, scopes, database, clock and rights, each with a fix")
    doctor.set_defaults(run=_doctor)
    return parser


# The imports stand in the functions: `tunesmith --help` need not load Slack, SQL and the Hub.


def _run(arguments: argparse.Namespace) -> int:
    from bot.app import Service
    from bot.settings import Settings, read_settings

    _log(logging.DEBUG if arguments.verbose else logging.INFO)
    Service(read_settings(Settings)).run()
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from bot.demo import Demo

    demo = Demo(
        hub=arguments.hub,
        delivery=arguments.delivery,
        # a walk without a browser must not fight for the page's usual port
        port=0 if arguments.headless and arguments.port == 8765 else arguments.port,
    )
    with demo:
        if arguments.headless:
            return demo.walk(arguments.request or DEMO_REQUEST, approve=arguments.approve, timeout_s=arguments.timeout)
        return demo.serve(open_browser=not arguments.no_browser)


#: What `tunesmith demo --headless` asks for when nothing is said.
DEMO_REQUEST = "tunesmith-lab/tiny-qwen3 on tunesmith-lab/tiny-chat"


def _plan(arguments: argparse.Namespace) -> int:
    from bot.app import build_proposer
    from bot.intake import parse
    from bot.intake.commands import CostQuestion, NewRequest, Refusal
    from bot.settings import HubSettings, read_settings

    words = " ".join(arguments.text)
    command = parse(f"/finetune {words}")
    match command:
        case NewRequest(request=request) | CostQuestion(request=request):
            proposer, _, _ = build_proposer(read_settings(HubSettings))
            # a plan that nobody can approve needs no right to spend
            _print(proposer.propose(request.model_copy(update={"plan_only": True})), arguments)
            return 0
        case Refusal(problem=problem, fix=fix):
            raise UserError(problem, fix)
        case _:
            raise UserError(
                f"“{words}” is no request for a training run.", f'Try: tunesmith plan "{Examples().request}".'
            )


def _print(plan: Plan, arguments: argparse.Namespace) -> None:
    from bot.planning import explain, plan_lines

    if arguments.json:
        why = [reason.model_dump() for reason in explain(plan)]
        print(json.dumps({**plan.model_dump(mode="json"), "why": why}, indent=2, ensure_ascii=False))
    else:
        print("\n".join(plan_lines(plan, why=not arguments.short)))


def _doctor(_: argparse.Namespace) -> int:
    from bot.doctor import examine, report

    findings = examine()
    print(report(findings))
    return 0 if all(finding.ok for finding in findings) else 1


def _log(level: int) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    for name in ("bot", "handlers", "storage"):
        logging.getLogger(name).setLevel(level)
