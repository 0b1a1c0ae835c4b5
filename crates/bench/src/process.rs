//! The server under test, as a process seen from outside: its CPU time, memory and disk.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::client::Connection;

/// Clock ticks a second in `/proc/<pid>/stat`; fixed by the Linux ABI.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server and its data.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) data: PathBuf,
}

fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Server {
    /// Starts `binary` on free ports with extra configuration variables; returns when it is ready.
    pub(crate) async fn start(
        binary: &Path,
        data: &Path,
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let (http, grpc) = (free_port()?, free_port()?);
        let mut child = Command::new(binary)
            .args(["serve", "--otlp-http", "off"])
            .args(["--http", &http.to_string(), "--otlp-grpc", &grpc.to_string()])
            .arg("--data-dir")
            .arg(data)
            .envs(variables.iter().copied())
            .env("TELLTALE_LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        if let Some(stderr) = child.stderr.take() {
            // Echoed, so that a failing server says why.
            std::thread::spawn(move || {
                BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| {
                    crate::say(&format!("  server: {line}"));
                });
            });
        }
        let mut server = Self { child, http, grpc, data: data.to_owned() };
        server.wait_ready().await?;
        Ok(server)
    }

    async fn wait_ready(&mut self) -> Result<()> {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at start: {status}");
            }
            if let Ok(mut connection) = Connection::http(self.http).await
                && connection.get("/readyz").await.is_ok_and(|(status, _)| status == 200)
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the server was not ready within 30 s")
    }

    fn proc_file(&self, name: &str) -> Result<String> {
        let path = format!("/proc/{}/{name}", self.child.id());
        std::fs::read_to_string(&path).with_context(|| path)
    }

    /// User and system CPU time of the whole process so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = self.proc_file("stat")?;
        let after_name = stat.rsplit_once(')').context("stat")?.1;
        let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND)
    }

    /// A `Vm...` line of the process' status, in MiB.
    fn status_mib(&self, key: &str) -> Result<f64> {
        let status = self.proc_file("status")?;
        let line = status.lines().find_map(|l| l.strip_prefix(key)).context("status")?;
        let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    pub(crate) fn peak_mib(&self) -> Result<f64> {
        self.status_mib("VmHWM")
    }

    pub(crate) fn resident_mib(&self) -> Result<f64> {
        self.status_mib("VmRSS")
    }

    /// Waits until nothing is left in memory only and the process has been idle for two seconds.
    pub(crate) async fn wait_idle(&self) -> Result<()> {
        let mut quiet = 0;
        for _ in 0..600 {
            let before = self.cpu_seconds()?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let busy = self.cpu_seconds()? - before > 0.02;
            quiet = if busy || self.has_unflushed_rows().await? { 0 } else { quiet + 1 };
            if quiet >= 4 {
                return Ok(());
            }
        }
        bail!("the server was not idle within 5 minutes")
    }

    async fn has_unflushed_rows(&self) -> Result<bool> {
        let mut connection = Connection::http(self.http).await?;
        let (status, body) = connection.get("/metrics").await?;
        ensure!(status == 200, "/metrics answered {status}");
        let text = String::from_utf8_lossy(&body).into_owned();
        let line = text.lines().find_map(|l| l.strip_prefix("telltale_memtable_rows "));
        let value: f64 =
            line.context("telltale_memtable_rows is not in /metrics")?.trim().parse()?;
        Ok(value > 0.0)
    }

    /// Bytes of Parquet files of a table.
    pub(crate) fn table_bytes(&self, table: &str) -> Result<u64> {
        parquet_bytes(&self.data.join("tables").join(table))
    }

    /// Asks the server to stop and waits for it.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A second kill of a stopped server fails, which is fine.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn parquet_bytes(dir: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            total += parquet_bytes(&entry.path())?;
        } else if entry.path().extension().is_some_and(|e| e == "parquet") {
            total += entry.metadata()?.len();
        }
    }
    Ok(total)
}
