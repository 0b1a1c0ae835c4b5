// Sends one trace, one log record and two metrics with the OpenTelemetry JS SDK.
// Usage: node export.mjs <proto|json|grpc> <endpoint>; prints the trace id.
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const [protocol, endpoint] = process.argv.slice(2);
const packages = { proto: "proto", json: "http", grpc: "grpc" };
const load = (signal) => import(`@opentelemetry/exporter-${signal}-otlp-${packages[protocol]}`);
const url = (path) => (protocol === "grpc" ? endpoint : `${endpoint}/v1/${path}`);
const resource = resourceFromAttributes({ "service.name": "js-shop" });

const { OTLPTraceExporter } = await load("trace");
const tracers = new BasicTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: url("traces") }))],
});
const tracer = tracers.getTracer("e2e.js", "0.1");
const root = tracer.startSpan("agent.run", { attributes: { "user.id": "u-1", ratio: 0.5 } });
const child = tracer.startSpan("tool.call", {}, trace.setSpan(context.active(), root));
child.setStatus({ code: SpanStatusCode.ERROR, message: "no such tool" });
child.end();
root.end();

const { OTLPLogExporter } = await load("logs");
const logExporter = new OTLPLogExporter({ url: url("logs") });
const loggers = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: logExporter })],
});
loggers.getLogger("e2e.js").emit({
  severityNumber: SeverityNumber.WARN,
  severityText: "WARN",
  body: "cart is empty",
});

const { OTLPMetricExporter } = await load("metrics");
const reader = new PeriodicExportingMetricReader({
  exporter: new OTLPMetricExporter({ url: url("metrics") }),
  exportIntervalMillis: 60000,
});
const meters = new MeterProvider({ resource, readers: [reader] });
const meter = meters.getMeter("e2e.js");
meter.createCounter("orders").add(3, { currency: "EUR" });
meter.createHistogram("latency").record(42);

await Promise.all([tracers.forceFlush(), loggers.forceFlush(), meters.forceFlush()]);
await Promise.all([tracers.shutdown(), loggers.shutdown(), meters.shutdown()]);
console.log(root.spanContext().traceId);
