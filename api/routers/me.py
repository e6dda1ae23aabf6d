"""``/v1/me``: the holder's own space, for scripts of the holder's own browser."""

from fastapi import APIRouter

from api.routers import own_accesses, own_consents, own_journal_key, own_mandates, own_records

router = APIRouter()
for _part in (own_records, own_consents, own_mandates, own_accesses, own_journal_key):
    router.include_router(_part.router)
