# syntax=docker/dockerfile:1
ARG VERSION=3.12
ARG GIVEN=not this
FROM --platform=$TARGETPLATFORM python:${VERSION}-slim AS base

ARG DEBIAN_FRONTEND=noninteractive
ARG VERSION GIVEN
ARG TARGETARCH
ENV PYTHONUNBUFFERED=1 \
    APP_HOME="/srv/my app" OTHER=$GIVEN
ENV PATH="/opt/venv/bin:$PATH" LEGACY=${LEGACY:-old}
ENV OLD style of it

RUN apt-get update && apt-get install -y --no-install-recommends \
      # the tools
      git curl \
 && rm -rf /var/lib/apt/lists/*
RUN ["python", "-c", "print('hello world')"]

WORKDIR /srv
WORKDIR app
COPY requirements.txt .
RUN pip install -r requirements.txt; echo done
COPY --chown=app:app --chmod=755 src/ lib /srv/app/
ADD ["my file.txt", "/srv/app/"]
COPY *.py ./
USER app
RUN echo $VERSION $TARGETARCH ${APP_HOME}
EXPOSE 8000
ENTRYPOINT ["python", "-m"]
CMD ["http.server", "8000"]
