/**
 * Imported first. Pulumi's SDK notes a stack trace for each promise and each resource, and the loader has every one of them mapped back to the sources:
 * a quarter of the plan's time. The plan tells errors by their messages, so nothing is lost.
 */
process.setSourceMapsEnabled(false);
Error.stackTraceLimit = 0;
