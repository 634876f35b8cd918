# The bot alone: it trains nothing itself, so no torch. Build: docker build -t tunesmith .
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock pyproject.toml README.md LICENSE manifest.yml ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY bot/ bot/
COPY handlers/ handlers/
COPY storage/ storage/
COPY templates/ templates/
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /data tunesmith
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/tunesmith.db \
    PORT=3000
USER tunesmith
WORKDIR /data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["tunesmith"]
CMD ["run"]
