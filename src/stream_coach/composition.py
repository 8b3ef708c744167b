"""Composition: the one place where ports meet adapters. Built once a process, before the first event."""

import json
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config

from libs.coach_conversation import care
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import Limits
from libs.streaming.tickets import TicketOffice, parse_keys
from libs.streaming.tokens import TokenVerifier
from stream_coach.adapters import answers
from stream_coach.adapters.aws_session import make_session
from stream_coach.adapters.bedrock import BedrockModel
from stream_coach.adapters.dynamodb import DynamoDbTable
from stream_coach.adapters.jwks import JwksKeySource, fetch_document
from stream_coach.adapters.providers import ModelsByProvider
from stream_coach.adapters.sqs import SqsTurnQueue
from stream_coach.adapters.threads import MonotonicUlids, SystemClock, Threads
from stream_coach.adapters.vectors import make_vectors
from stream_coach.logs import LogJournal
from stream_coach.settings import Settings

THREADS_A_TURN = 8
CALLS_A_TURN = 3
MODEL_READ_TIMEOUT_S = 65


@dataclass(frozen=True, slots=True)
class App:
    """What handlers need: who may ask, and the ports of the turns."""

    settings: Settings
    verifier: TokenVerifier
    tickets: TicketOffice | None
    ports: Ports


def build_app(settings: Settings) -> App:
    """Return the app on the real adapters. All clients share one session and its loaded models."""
    care.preload()
    clock = SystemClock()
    session: Any = make_session()
    session.register(answers.BEFORE_PARSE, answers.check)
    concurrency = max(1, settings.max_concurrency)
    store = _store_config(concurrency)
    models = ModelsByProvider(
        BedrockModel(session.create_client("bedrock-runtime", config=_model_config(concurrency))),
        lambda variable: getattr(settings, variable.lower()),
        read_timeout_s=MODEL_READ_TIMEOUT_S,
        max_connections=2 * concurrency,
    )
    models.prepare((settings.answer_model_id, settings.router_model_id, settings.fallback_model_id))
    ports = Ports(
        table=DynamoDbTable(session.create_client("dynamodb", config=store), settings.table_name),
        model=models,
        executor=Threads(THREADS_A_TURN * concurrency),
        clock=clock,
        ulid=MonotonicUlids(clock),
        journal=LogJournal(logging.getLogger("stream_coach")),
        limits=_limits(settings),
        queue=SqsTurnQueue(lambda: session.create_client("sqs", config=store), settings.queue_url),
        vectors=make_vectors(settings, session, concurrency=concurrency),
        answer_model_id=settings.answer_model_id,
        router_model_id=settings.router_model_id,
        fallback_model_id=settings.fallback_model_id,
        chat_model_id=settings.chat_model_id,
        chat_system=settings.chat_system_prompt,
        streaming_enabled=settings.streaming_enabled,
        empty_answers=settings.empty_answers,
        jitter=lambda: random.uniform(0.5, 1.5),  # noqa: S311 - jitter
        starter_coach=_starter_coach(settings.starter_coach_id),
    )
    keys = JwksKeySource(settings.jwks_url, fetch=fetch_document, clock=time.monotonic)
    verifier = TokenVerifier(
        keys, issuer=settings.token_issuer, audience=settings.token_audience, clock=time.time
    )
    tickets = TicketOffice(parse_keys(settings.ticket_keys), time.time) if settings.ticket_keys else None
    return App(settings, verifier, tickets, ports)


def _store_config(concurrency: int) -> Config:
    return Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"total_max_attempts": 3, "mode": "standard"},
        max_pool_connections=CALLS_A_TURN * concurrency,
        tcp_keepalive=True,
    )


def _model_config(concurrency: int) -> Config:
    """A model's calls are tried again by the turn, which knows its budget, and never by the SDK."""
    return Config(
        connect_timeout=1,
        read_timeout=MODEL_READ_TIMEOUT_S,
        retries={"total_max_attempts": 1},
        max_pool_connections=2 * concurrency,
        tcp_keepalive=True,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        store_timeout_s=settings.store_timeout_s,
        router_timeout_s=settings.router_timeout_s,
        recall_timeout_s=settings.recall_timeout_s,
        first_delta_timeout_s=settings.first_delta_timeout_s,
        delta_timeout_s=settings.delta_timeout_s,
        keep_alive_s=settings.keep_alive_s,
        deadline_margin_s=settings.deadline_margin_s,
        lease_s=settings.lease_s,
        lease_renewal_s=settings.lease_renewal_s,
        pending_s=settings.pending_s,
        turns_per_minute=settings.turns_per_minute,
        daily_budget_cents=settings.daily_budget_cents,
        max_output_tokens=settings.max_output_tokens,
        history_items=settings.history_items,
    )


def _starter_coach(coach_id: str) -> Mapping[str, Any] | None:
    if not coach_id:
        return None
    coach: dict[str, Any] = json.loads(Path(__file__).with_name("starter_coach.json").read_text("utf-8"))
    return coach | {"coachId": coach_id}
