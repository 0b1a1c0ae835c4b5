-- Times are nanoseconds since 1970. A secret never stands here, only its 32 byte hash.
CREATE TABLE projects (
    name    TEXT    NOT NULL PRIMARY KEY,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
    id        TEXT    NOT NULL PRIMARY KEY,
    project   TEXT    NOT NULL REFERENCES projects (name),
    scope     TEXT    NOT NULL CHECK (scope IN ('ingest', 'query', 'admin')),
    name      TEXT    NOT NULL,
    hash      BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    created   INTEGER NOT NULL,
    last_used INTEGER,
    revoked   INTEGER
) STRICT;

CREATE INDEX keys_by_project ON keys (project, created);

CREATE TABLE sessions (
    hash    BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    key     TEXT    NOT NULL REFERENCES keys (id),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_expiry ON sessions (expires);
