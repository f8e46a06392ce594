# The pages are built by Node.js, the wheel by Python; only what runs is in the last stage.

FROM node:24-slim AS web
WORKDIR /src/gateway/web
COPY gateway/web/package.json gateway/web/package-lock.json gateway/web/.npmrc* ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY gateway/web ./
COPY schema/schema.graphql /src/schema/
RUN npm run build

FROM python:3.13-slim AS build
# requirements-otel.lock has OpenTelemetry too.
ARG LOCK=requirements.lock
WORKDIR /src
COPY requirements.lock requirements-otel.lock requirements-build.lock ./
RUN python -m venv /opt/gateway \
 && /opt/gateway/bin/pip install --no-cache-dir --require-hashes -r $LOCK \
 && pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY . .
COPY --from=web /src/gateway/web/dist gateway/web/dist
RUN hatchling build -t wheel -d /tmp/wheel \
 && /opt/gateway/bin/pip install --no-cache-dir --no-deps /tmp/wheel/*.whl

FROM python:3.13-slim
RUN useradd --system --no-create-home gateway \
 && install -d -o gateway -g gateway /data
COPY --from=build /opt/gateway /opt/gateway
ENV PATH=/opt/gateway/bin:$PATH \
    INVITE_GATEWAY_DATABASE=sqlite:////data/operations.db \
    INVITE_GATEWAY_HOST=0.0.0.0 \
    INVITE_GATEWAY_AUTH=tokens \
    INVITE_GATEWAY_TOKENS_FILE=/data/tokens.json \
    INVITE_GATEWAY_LOG_FORMAT=json
USER gateway
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", "\
import os, urllib.request; \
port = os.environ.get('INVITE_GATEWAY_PORT', '8000'); \
urllib.request.urlopen(f'http://127.0.0.1:{port}/health/ready', timeout=2)"]
ENTRYPOINT ["invite-gateway"]
CMD ["serve"]
