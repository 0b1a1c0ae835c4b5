//! A client with as little overhead as possible: one connection, prebuilt bodies.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// One connection of either protocol.
#[derive(Debug)]
pub(crate) enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// How an export travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Coding {
    Identity,
    Zstd,
    Gzip,
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    fn encode(self, body: &[u8]) -> Result<Bytes> {
        Ok(match self {
            Self::Identity => Bytes::copy_from_slice(body),
            Self::Zstd => zstd::stream::encode_all(body, 1)?.into(),
            Self::Gzip => {
                let level = flate2::Compression::new(6);
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                std::io::Write::write_all(&mut encoder, body)?;
                encoder.finish()?.into()
            }
        })
    }
}

/// A prebuilt export request.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    protocol: Protocol,
    coding: Coding,
    body: Bytes,
}

impl Export {
    /// Prepares a trace export.
    pub(crate) fn traces(protocol: Protocol, coding: Coding, body: &[u8]) -> Result<Self> {
        let encoded = coding.encode(body)?;
        let body = match protocol {
            Protocol::Http => encoded,
            Protocol::Grpc => {
                let mut framed = BytesMut::with_capacity(encoded.len() + 5);
                framed.put_u8(u8::from(coding != Coding::Identity));
                framed.put_u32(u32::try_from(encoded.len())?);
                framed.put_slice(&encoded);
                framed.freeze()
            }
        };
        Ok(Self { protocol, coding, body })
    }

    fn request(&self) -> Result<Request<Full<Bytes>>> {
        let builder = match self.protocol {
            Protocol::Http => Request::post("/v1/traces")
                .header("host", "127.0.0.1")
                .header("content-type", "application/x-protobuf")
                .header("content-encoding", self.coding.name()),
            Protocol::Grpc => Request::post(
                "http://127.0.0.1/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            )
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-encoding", self.coding.name()),
        };
        Ok(builder.body(Full::new(self.body.clone()))?)
    }
}

impl Connection {
    pub(crate) async fn http(addr: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self::Http1(sender))
    }

    pub(crate) async fn grpc(addr: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self::Http2(sender))
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>> {
        Ok(match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        })
    }

    /// Sends an export and checks that it was acknowledged.
    pub(crate) async fn export(&mut self, export: &Export) -> Result<()> {
        let response = self.send(export.request()?).await?;
        let status = response.status();
        let header_status = response.headers().get("grpc-status").cloned();
        let collected = response.into_body().collect().await?;
        let trailers = collected.trailers().and_then(|t| t.get("grpc-status")).cloned();
        ensure!(status == 200, "export answered {status}: {:?}", collected.to_bytes());
        if export.protocol == Protocol::Grpc {
            let code = trailers.or(header_status);
            ensure!(code.as_ref().is_some_and(|c| c == "0"), "export answered gRPC {code:?}");
        }
        Ok(())
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<(u16, Bytes)> {
        let request = Request::get(path).header("host", "127.0.0.1").body(Full::default())?;
        self.finish(request).await
    }

    pub(crate) async fn post_json(
        &mut self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<(u16, Bytes)> {
        let request = Request::post(path)
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))?;
        self.finish(request).await
    }

    /// Sends one OTLP body over HTTP; the answer is not judged.
    pub(crate) async fn post_otlp(
        &mut self,
        signal: &str,
        body: Vec<u8>,
        key: Option<&str>,
    ) -> Result<(u16, Bytes)> {
        let mut request = Request::post(format!("/v1/{signal}"))
            .header("host", "127.0.0.1")
            .header("content-type", "application/x-protobuf");
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        self.finish(request.body(Full::new(Bytes::from(body)))?).await
    }

    async fn finish(&mut self, request: Request<Full<Bytes>>) -> Result<(u16, Bytes)> {
        let response = self.send(request).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}
