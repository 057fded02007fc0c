"""The `lux` command: serve, work, migrate, and the switches that must work when the pages are down."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from lux import __version__
from lux.cli import faults
from lux.cli.backups import backup, restore
from lux.cli.vault import vault
from lux.kit import origin
from lux.kit.errors import LuxError
from lux.kit.i18n import gettext as _
from lux.kit.settings import load


class LuxGroup(click.Group):
    """Commands whose errors are one sentence, not a traceback."""

    _running = ""

    def main(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
        """Run a command; an error becomes one sentence and exit code 1."""
        try:
            with origin.through(origin.CLI):
                return super().main(*args, **kwargs)  # type: ignore[call-overload]
        except LuxError as error:
            faults.tell(error)
        except Exception as error:  # noqa: BLE001 - recorded and told, never swallowed
            faults.tell_unexpected(error, self._running)
        sys.exit(1)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Remember which command runs, for the error log."""
        found = super().resolve_command(ctx, args)
        self._running = found[0] or ""
        origin.enter(origin.CLI, self._running)
        return found


@click.group(cls=LuxGroup)
@click.version_option(__version__, prog_name="lux")
def main() -> None:
    """LUX: marketing automation in which nothing leaves the house without a yes."""


@main.command()
@click.option("--no-jobs", is_flag=True, help="Serve pages only; workers run elsewhere.")
def serve(*, no_jobs: bool) -> None:
    """Migrate, then serve pages with background work, clock and mailbox."""
    from lux.cli import engine, server

    server.serve(engine.installed(load()), with_jobs=not no_jobs)


@main.command("prepare", hidden=True)
def make_ready() -> None:
    """Make data folder, keys and schema ready and print the owner link; `serve` runs it first."""
    from lux.cli import prepare

    prepare.prepare(load())


@main.command()
@click.option("--parent-pid", type=int, default=None, help="Leave when this process is gone.")
def worker(parent_pid: int | None) -> None:
    """Run background work (and the clock, unless LUX_JOBS=celery)."""
    from lux import worker as work
    from lux.cli import engine

    work.main(engine.ready(load()), parent_pid=parent_pid)


@main.command()
def clock() -> None:
    """Run the clock alone: of several, one leads, and another takes over within 15 seconds."""
    from lux import worker as work
    from lux.cli import engine

    work.run_clock(engine.ready(load()))


@main.command()
def migrate() -> None:
    """Bring the database to the present schema."""
    from lux.cli import prepare

    for note in prepare.make_ready(load()):
        click.echo(note)
    click.echo(_("The schema is up to date."))


@main.command("config")
def show_config() -> None:
    """Print every setting in effect; secrets are masked."""
    settings = load()
    for name, value in settings.effective().items():
        click.echo(f"LUX_{name.upper()}={value}")


@main.command("owner-link")
def owner_link() -> None:
    """Print a one-time link that creates the owner, as long as there is none."""
    from lux.cli import prepare

    link = prepare.owner_link(load())
    click.echo(link or _("There is an owner already. Use “lux reset-link EMAIL” to let somebody in again."))


@main.command("reset-link")
@click.argument("email")
def reset_link(email: str) -> None:
    """Print a one-time link with which a person chooses a new password."""
    from lux.cli import prepare

    click.echo(prepare.reset_link(load(), email))


@main.command("sample-company", hidden=True)
def sample_company() -> None:
    """Make a sample company and print, as JSON, how to get in; `make demo` fills it."""
    from lux.cli import sample

    click.echo(json.dumps(sample.make(load()), ensure_ascii=False))


@main.command()
@click.option("--company", "slug", default=None, help="Short name of one company; without it the whole installation.")
@click.option("--channel", default=None, help="One channel alone: email, webhook.")
@click.option("--campaign", default=None, help="One campaign alone, by the id in its page's address.")
@click.option("--agent", default=None, help="What one agent of the company submitted, for example content_seo.")
@click.option("--all", "everything", is_flag=True, help="System mails (sign-in, resets) too.")
@click.option("--reason", default="", help="Why; shown on every page.")
def stop(
    slug: str | None, *, channel: str | None, campaign: str | None, agent: str | None, everything: bool, reason: str
) -> None:
    """Emergency stop: nothing new leaves within two seconds."""
    from lux.cli import control

    part = control.Part(channel=channel, campaign=campaign, agent=agent)
    click.echo(control.stop(load(), slug, includes_system=everything, reason=reason, part=part))


@main.command()
@click.option("--company", "slug", default=None, help="Short name of one company; without it the whole installation.")
@click.option("--channel", default=None, help="One channel alone: email, webhook.")
@click.option("--campaign", default=None, help="One campaign alone, by the id in its page's address.")
@click.option("--agent", default=None, help="What one agent of the company submitted, for example content_seo.")
@click.option("--reason", required=True, help="Why it is safe to send again.")
def resume(slug: str | None, channel: str | None, campaign: str | None, agent: str | None, reason: str) -> None:
    """End an emergency stop; the pace grows from a tenth."""
    from lux.cli import control

    part = control.Part(channel=channel, campaign=campaign, agent=agent)
    click.echo(control.resume(load(), slug, reason=reason, part=part))


@main.group()
def audit() -> None:
    """Look after the audit chain."""


@audit.command("verify")
@click.option("--company", "which", default=None, help="Short name of one company, or the number of its chain.")
@click.option(
    "--from-checkpoint", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of checkpoints that was kept elsewhere; the chains have to agree with it, too.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def audit_verify(which: str | None, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Walk every chain and compare it with its checkpoints; exit code 1 when one does not hold."""
    from lux.cli import chains

    lines, is_whole = chains.verify(load(), which, files, as_json=as_json)
    for line in lines:
        click.echo(line)
    sys.exit(0 if is_whole else 1)


@audit.command("export")
@click.option("--company", "which", default=None, help="Short name of one company, or the number of its chain.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Rows from this day (UTC) on.")
@click.argument("out", type=click.Path(path_type=Path))
def audit_export(which: str | None, since: datetime | None, out: Path) -> None:
    """Write chains, checkpoints and a stand-alone verifier into OUT: a new folder, or a file that ends in .zip."""
    from lux.cli import chains

    click.echo(chains.export(load(), which, out, since=since))


@audit.command("checkpoint")
def audit_checkpoint() -> None:
    """Sign where every chain is now; the clock does it every hour."""
    from lux.cli import chains

    for line in chains.checkpoint(load()):
        click.echo(line)


@main.group("company")
def of_companies() -> None:
    """Carry a whole company to another installation."""


@of_companies.command("export")
@click.argument("which")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def company_export(which: str, file: Path) -> None:
    """Write the company WHICH (short name or public id) into FILE, without its secrets."""
    from lux.cli import company

    click.echo(company.export(load(), which, file))


@of_companies.command("verify")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def company_verify(file: Path) -> None:
    """Look at every line of FILE and at its audit chain, and change nothing."""
    from lux.cli import company

    for line in company.look(load(), file):
        click.echo(line)


@of_companies.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--owner", required=True, help="E-mail address of whom it will belong to; somebody new gets a link.")
@click.option("--name", default="", help="Another name for the company.")
@click.option("--slug", default="", help="Another short name.")
def company_import(file: Path, owner: str, name: str, slug: str) -> None:
    """Make a company of FILE; nobody but its owner gets in."""
    from lux.cli import company

    for line in company.import_(load(), file, owner=owner, name=name, slug=slug):
        click.echo(line)


@main.group()
def rollups() -> None:
    """Look after the figures that pages read."""


@rollups.command("rebuild")
@click.option("--company", "slug", default=None, help="Short name of one company; without it all of them.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say what is not as the facts tell; exit code 1 then.")
@click.option("--after", "position", default="", help="Go on behind this key, as a run that was broken off named it.")
def rollups_rebuild(slug: str | None, *, is_dry: bool, position: str) -> None:
    """Count the facts anew and put the roll-ups right, while the server goes on."""
    from lux.cli import figures

    is_right = True
    for line, differs in figures.rebuild(load(), slug, is_dry=is_dry, position=position):
        is_right = is_right and not differs
        click.echo(line)
    sys.exit(0 if is_right or not is_dry else 1)


for command in (vault, backup, restore):
    main.add_command(command)
