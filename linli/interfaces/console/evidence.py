"""What shows that a duty was done: photos, and a signature that is drawn, or typed where there is no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from linli.interfaces.console.forms import PhotosField
from linli.interfaces.printing import name_as_picture
from linli.interfaces.refusals import sentence
from linli.kernel.files.rules import PHOTOS_ONLY, SIGNATURE_ONLY, FileLimits
from linli.kernel.files.services import Examined, examine
from linli.kernel.refusal import Refusal

NAME_MOST = 40


class ExaminedPhotos(PhotosField):
    """Any number of photos, decoded and cleaned of what a camera adds, before a write opens."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        if self.required and not data:
            raise ValidationError(self.error_messages["required"], code="required")
        return [_examined(one, PHOTOS_ONLY) for one in super().clean(data, initial)]


class SignatureInput(forms.Widget):
    """A pad to draw on; without script, a line to type one's name on."""

    template_name = "console/duties/signature.html"
    needs_multipart_form = True

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        own = context["widget"]["attrs"]
        own["id"] = self.id_for_label(own.get("id", name))
        return context

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def use_required_attribute(self, initial: Any) -> bool:
        return False  # drawn or typed: no browser can tell

    def value_from_datadict(self, data: Mapping[str, Any], files: MultiValueDict[str, UploadedFile], name: str) -> Any:
        return files.get(name) or " ".join(str(data.get(f"{name}_typed", "")).split())

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_typed" if id_ else id_

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in files and f"{name}_typed" not in data


class SignatureField(forms.Field):
    """A signature as an examined picture; None where none was given."""

    widget = SignatureInput

    def clean(self, value: Any) -> Examined | None:
        if not value:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return None
        if isinstance(value, str):
            if len(value) > NAME_MOST:
                raise ValidationError(_("A name has at most %(most)s characters."), params={"most": NAME_MOST})
            return examine(content=name_as_picture(value), claimed_name="signature.png", limits=SIGNATURE_ONLY)
        return _examined(value, SIGNATURE_ONLY)


def _examined(file: UploadedFile, limits: FileLimits) -> Examined:
    try:
        return examine(content=cast(BinaryIO, file), claimed_name=file.name or "", claimed_type=file.content_type or "", limits=limits)
    except Refusal as refusal:
        raise ValidationError(sentence(refusal)) from refusal
