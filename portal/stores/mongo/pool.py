"""One client per process and account; pymongo pools its connections itself."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pymongo
import pymongo.errors
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo.database import Database

from portal.stores.mongo.errors import from_mongo

if TYPE_CHECKING:
    from portal.stores.mongo.store import MongoStore

CONNECT_MS = 4_000
Document = dict[str, Any]
# A date that Python cannot hold, or a text that is not UTF-8, must not make the other documents unreadable.
CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="replace",
)


class Pool:
    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.database_name = urlsplit(url).path.lstrip("/")
        try:
            self.client: pymongo.MongoClient[Document] = pymongo.MongoClient(
                url,
                appname="portico",
                serverSelectionTimeoutMS=CONNECT_MS,
                connectTimeoutMS=CONNECT_MS,
                waitQueueTimeoutMS=5_000,
                maxPoolSize=12,
                maxIdleTimeMS=300_000,
            )
        except pymongo.errors.PyMongoError as error:
            raise from_mongo(name, error) from error

    @property
    def database(self) -> Database[Document]:
        return self.client.get_database(self.database_name, codec_options=CODEC)

    def reach(self) -> None:
        """A server that is away is noticed here, in seconds: inside a time limit of its own, pymongo would look for
        it until that limit is up. Raises pymongo's errors."""
        with pymongo.timeout(CONNECT_MS / 1000):
            self.client.admin.command("ping")

    def open(self) -> "MongoStore":
        from portal.stores.mongo.store import MongoStore

        return MongoStore(self)

    def close(self) -> None:
        self.client.close()
