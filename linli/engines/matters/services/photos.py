"""Files of a matter: handed in with a step, and following the matter where a correction takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from linli.engines.matters.models import Matter, Step
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import Done, NoSuchMatter, act, only
from linli.engines.matters.services.frame import held_frame
from linli.engines.matters.services.report import FILE_OWNER
from linli.engines.matters.services.rows import locked_cases
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.files.rules import FileOwner
from linli.kernel.files.services import Examined, follow_owner, store_file

STEP_PHOTO = "step_photo"


def owner_of(matter_id: UUID) -> FileOwner:
    """The matter as the owner of files.

    Raises:
        NoSuchMatter: there is none.
    """
    found = Matter.objects.filter(id=matter_id).values_list("area_path", "confidentiality").first()
    if found is None:
        raise NoSuchMatter()
    return FileOwner(FILE_OWNER, matter_id, found[0], Confidentiality(found[1]))


def act_with_files(command: Command, *, actor: Actor, files: Sequence[Examined] = ()) -> Done:
    """Carry out one command with the files handed in with it; refused together, or done together.

    Handed in again under the same key, nothing is stored again.

    Raises:
        the refusals of :func:`linli.engines.matters.services.act.act`.
    """
    if files and not _handed_in(command, actor=actor):
        owner = owner_of(command.matter_id)
        stored = [store_file(actor=actor, at=command.at, content=file, purpose=STEP_PHOTO, owner=owner).id for file in files]
        command = replace(command, file_ids=(*command.file_ids, *stored))
    done = only(act([command], actor=actor))
    if command.verb is Verb.CORRECT:
        follow_owner(actor=actor, at=command.at, owner=owner_of(command.matter_id))
    return done


def _handed_in(command: Command, *, actor: Actor) -> bool:
    """Whether the command was carried out already; the matter stays locked, so that nobody else does it meanwhile."""
    if not command.key:
        return False
    held_frame()
    locked_cases([command.matter_id])
    return Step.objects.filter(sender=actor.id, key=command.key).exists()
