//! OTLP in, over both transports.

mod body;
mod grpc;
mod http;
mod status;
