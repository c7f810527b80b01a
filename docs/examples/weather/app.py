"""Weather stations: two modules, a union, an idempotent method, all of it public; on SQLite or PostgreSQL.

oschema generate --schemas schemas --out weather_api
oschema migrate plan --slug initial
python app.py
"""

import os
from datetime import datetime
from decimal import Decimal

from codegen.runtime.context import Context
from codegen.runtime.http.app import App
from codegen.runtime.http.serve import serve
from codegen.runtime.http.simple import create_simple_app
from codegen.runtime.storage.store import Store
from weather_api.errors.stations import SensorBroken
from weather_api.models.common import Quantity
from weather_api.models.stations import Calm, Reading, Storm, Weather
from weather_api.services.stations import WeatherServiceV2
from weather_api.tables.stations import READING, STATION

ABSOLUTE_ZERO = Decimal("-273.15")
STORM = Decimal(980)
"""Hectopascals below which we call it a storm."""


class WeatherHandler(WeatherServiceV2):
    """Takes measurements and says what they mean."""

    def report(
        self,
        context: Context,
        *,
        station: str,
        quantity: Quantity,
        value: Decimal,
        taken_at: datetime,
        key: str | None = None,
    ) -> Reading:
        if (quantity is Quantity.TEMPERATURE and value < ABSOLUTE_ZERO) or (
            quantity is Quantity.HUMIDITY and not 0 <= value <= 100
        ):
            raise SensorBroken(quantity=quantity)
        Store.of(STATION, context.database).get(station)
        readings = Store.of(READING, context.database)
        new = readings.insert_once(
            {"station": station, "quantity": quantity, "value": value, "taken_at": taken_at},
            context.clock.now(),
            key=("station", "quantity", "taken_at"),
        )
        if new is not None:
            return new
        kept = readings.one({"station": station, "quantity": quantity, "taken_at": taken_at})
        assert kept is not None
        return kept

    def now(self, context: Context, *, station: str) -> Weather:
        Store.of(STATION, context.database).get(station)
        readings = Store.of(READING, context.database).find({"station": station}, limit=1000)["items"]
        pressures = [reading for reading in readings if reading.quantity is Quantity.PRESSURE]
        last = max(pressures, key=lambda reading: reading.taken_at, default=None)
        if last is not None and last.value < STORM:
            return Storm(gust=STORM - last.value, warned=True)
        return Calm(since=last.taken_at if last else context.clock.now())


def create() -> App:
    """What each worker of the server calls."""
    return create_simple_app(
        "weather_api", [WeatherHandler], database=os.environ.get("WEATHER_DATABASE", "sqlite:///weather.db")
    )


if __name__ == "__main__":
    serve("app:create", host="127.0.0.1", port=int(os.environ.get("WEATHER_PORT", "8081")))
