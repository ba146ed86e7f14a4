FROM debian
RUN a \
  b
COPY x /y
