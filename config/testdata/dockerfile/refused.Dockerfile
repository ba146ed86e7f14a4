FROM golang:1.24 AS build
LABEL a=b
MAINTAINER somebody
VOLUME /data
STOPSIGNAL SIGINT
ONBUILD RUN true
HEALTHCHECK CMD curl localhost
RUN --mount=type=cache,target=/root/.cache go build ./...
RUN --mount=type=secret,id=token cat /run/secrets/token
RUN --network=none true
RUN --security=insecure true
COPY --from=build /a /b
COPY --parents a/b /c/
COPY --exclude=*.md a /b
COPY --chmod=u+x a /b
COPY --chown=$WHO a /b
COPY ../secret /b
COPY a b /c
ADD https://registry.example/x.tar.gz /x/
ADD git@registry.example:x/y.git /x/
ADD app.tar.gz /x/
USER 1000:1000
USER 1000
WORKDIR $NOWHERE
ENV A=$UNKNOWN
ENV 1A=b
RUNN true
COPY onlyone
FROM debian
COPY --from=0 /a /b
