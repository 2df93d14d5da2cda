// Since version 1.30 ONNX Runtime reports its use to Microsoft and writes `.ses` and `mat-debug-*.log` to the temporary
// folder, unless this variable is set before the library is loaded.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
