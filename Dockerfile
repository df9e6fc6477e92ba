# Worker, codec server, exporter and command line: one image, `worker.py` unless told otherwise.
# The base image is named by tag; a build for production gives its digest: docs/deploy.md, "Images".
ARG PYTHON_IMAGE=python:3.11-slim

# Every package is checked against requirements.lock; of these, what the product itself needs is installed.
FROM ${PYTHON_IMAGE} AS packages
WORKDIR /build
COPY requirements.lock pyproject.toml ./
RUN pip wheel --no-cache-dir --require-hashes --wheel-dir wheels --requirement requirements.lock
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
        > needed.txt \
    && python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --no-index --find-links wheels --requirement needed.txt

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/reengagement reengagement \
    && mkdir -p /var/lib/reengagement/outbox /var/lib/reengagement/archive /exchange \
    && chown -R reengagement /var/lib/reengagement /exchange
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 REENGAGEMENT_HOME=/var/lib/reengagement
RUN PYTHONDONTWRITEBYTECODE= python -m compileall -q . && python worker.py --help > /dev/null
USER 10001:10001
ENTRYPOINT ["python"]
CMD ["worker.py"]
