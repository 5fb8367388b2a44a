"""Makes deploy/compose/private: every password and key that compose.yaml mounts, once.

    python -m deploy.compose.prepare

Same content as a local instance has, with the addresses of the containers. The
folder is closed to others; the files in it are readable, because a container
reads them as a user that this machine doesn't know.
"""

import sys
from pathlib import Path
from typing import Final

from deploy.local import files, keys, tokens
from deploy.local.definitions import ADMINISTRATOR, VHOST, definitions, service_user
from deploy.local.layout import SERVICES, Instance, Ports
from deploy.local.servers import Endpoints
from deploy.local.suite import SAMPLES

FOLDER: Final = Path(__file__).with_name("private")


def main() -> int:
    instance = Instance("compose", FOLDER, Ports(7101))
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    servers = instance.secrets / "servers"

    def password(name: str) -> str:
        return files.once(servers / name, files.password, mode=0o644)

    users = (ADMINISTRATOR, *map(service_user, SERVICES))
    passwords = {user: password(f"amqp-{user}") for user in users}
    files.write(servers / "definitions.json", definitions(passwords))
    admin_dsn = f"postgresql://postgres:{password('postgres')}@postgres:5432/postgres"
    files.write(instance.secrets / "admin_dsn", admin_dsn)
    urls = {
        user: f"amqp://{user}:{secret}@rabbitmq:5672/{VHOST}" for user, secret in passwords.items()
    }
    management = f"http://{ADMINISTRATOR}:{passwords[ADMINISTRATOR]}@rabbitmq:15672"
    by_service = {service: urls[service_user(service)] for service in SERVICES}
    keys.make(instance, Endpoints(admin_dsn, urls[ADMINISTRATOR], management, by_service))
    tokens.mint_all(instance, SAMPLES)
    for path in instance.secrets.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    print(f"made {FOLDER}; keep it out of backups that others can read")
    return 0


if __name__ == "__main__":
    sys.exit(main())
