"""Health check of a container whose engine knows no gRPC: asks, and says it by the exit code.

python -m deploy.docker.health 127.0.0.1:7101
"""

import sys

import grpc
from grpc_health.v1 import health_pb2

TIMEOUT_SECONDS = 3


def main() -> int:
    with grpc.insecure_channel(sys.argv[1], [("grpc.enable_http_proxy", 0)]) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError:
            return 1
    return 0 if answer.status == health_pb2.HealthCheckResponse.SERVING else 1


if __name__ == "__main__":
    sys.exit(main())
