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
  const text = `Error from server (${status.reason}): admission webhook "validate.pods.sluice.dev" denied the request: ${status.message}`
  return text.split('\n')
}
