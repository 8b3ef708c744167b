"""The routes, as data."""

from typing import Final

from libs.streaming.routes import RouteTable
from stream_coach.routes import chat_routes, conversation_routes, person_routes, service_routes

ROUTES: Final = RouteTable(
    [*conversation_routes.ROUTES, *chat_routes.ROUTES, *person_routes.ROUTES, *service_routes.ROUTES]
)
