import type { AdmissionResponse } from '../admission/response.ts'

/**
 * A refusal as kubectl prints it. Forbidden shows the message behind the name of the webhook; Invalid with causes shows the
 * causes and drops the message (seen with kubectl 1.36).
 */
export function kubectlError({ status }: AdmissionResponse, podName: string): readonly string[] {
  if (status === undefined) return []
  const causes = status.details?.causes ?? []
  const [only] = causes
  if (status.reason === 'Invalid' && only !== undefined) {
    const lines = causes.map(({ field, message }) => `${field}: ${message}`)
    return causes.length === 1
      ? [`The Pod "${podName}" is invalid: ${lines[0]}`]
      : [`The Pod "${podName}" is invalid:`, ...lines.map(line => `* ${line}`)]
  }
  return `Error from server (${status.reason}): ${deniedText(status.message)}`.split('\n')
}

/** The event that a controller records on its object when one of its pods is refused: it holds the message alone. */
export function controllerEvent({ status }: AdmissionResponse, owner: string): readonly string[] {
  return `Warning  FailedCreate  ${owner}  Error creating: ${deniedText(status?.message ?? '')}`.split('\n')
}

function deniedText(message: string): string {
  return `admission webhook "validate.pods.sluice.dev" denied the request: ${message}`
}
