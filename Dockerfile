# The worker and the command line. Dependencies are pinned with hashes in requirements.lock.
FROM python:3.11-slim AS built
WORKDIR /app
COPY requirements.lock .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 reengagement && mkdir /var/lib/reengagement \
    && chown reengagement /var/lib/reengagement
COPY --from=built /venv /venv
WORKDIR /app
COPY . .
USER reengagement
ENV PATH=/venv/bin:$PATH REENGAGEMENT_HOME=/var/lib/reengagement
ENTRYPOINT ["python"]
CMD ["worker.py"]
