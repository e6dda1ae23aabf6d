"""What pages show: frozen values, already in the reader's language, with nothing lazy in them.

A template prints these and decides nothing. Times come as text beside their ISO form, links as
paths, states as a ``Badge``; a value that is not here cannot reach a page.
"""

from api.portal.views.consenting import (
    AskedItem,
    ConsentCard,
    ConsentPageView,
    ConsentsView,
    GrantedItem,
    NarrowItem,
    NarrowView,
    Preview,
    RevokeView,
    ViewOption,
)
from api.portal.views.looking import (
    AccessesView,
    AccessLine,
    AccessView,
    SeenItem,
)
from api.portal.views.mandating import (
    EndMandateView,
    GiveMandateView,
    MandateCard,
    MandatesView,
    NarrowMandateView,
    Ticks,
)
from api.portal.views.passkeys import (
    MakePasskeyView,
    PasskeyLine,
    PasskeysView,
    UsePasskeyView,
)
from api.portal.views.pieces import Badge, Choice, Fact, FieldBox, Tone, TroubleView, When
from api.portal.views.space import (
    CodeView,
    CompletenessView,
    FileLine,
    GroupCard,
    HomeView,
    LeaveView,
    RecordGroup,
    RecordLine,
    RecordsView,
    RecordView,
    SignInView,
)
from api.portal.views.window import (
    AskedLine,
    AskedListView,
    DecidedView,
    DeviceView,
    NumberBox,
    ShowView,
    WindowView,
)

__all__ = [
    "AccessLine",
    "AccessView",
    "AccessesView",
    "AskedItem",
    "AskedLine",
    "AskedListView",
    "Badge",
    "Choice",
    "CodeView",
    "CompletenessView",
    "ConsentCard",
    "ConsentPageView",
    "ConsentsView",
    "DecidedView",
    "DeviceView",
    "EndMandateView",
    "Fact",
    "FieldBox",
    "FileLine",
    "GiveMandateView",
    "GrantedItem",
    "GroupCard",
    "HomeView",
    "LeaveView",
    "MakePasskeyView",
    "MandateCard",
    "MandatesView",
    "NarrowItem",
    "NarrowMandateView",
    "NarrowView",
    "NumberBox",
    "PasskeyLine",
    "PasskeysView",
    "Preview",
    "RecordGroup",
    "RecordLine",
    "RecordView",
    "RecordsView",
    "RevokeView",
    "SeenItem",
    "ShowView",
    "SignInView",
    "Ticks",
    "Tone",
    "TroubleView",
    "UsePasskeyView",
    "ViewOption",
    "When",
    "WindowView",
]
