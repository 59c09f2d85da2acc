import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpoint, gatedEndpoint, newCertificate, serve } from '../../test/support/https.ts'
import { allowed, reviewOf } from '../admission/response.ts'
import { formatIssue } from '../schema/parsed.ts'
import { parseReview } from '../schema/review.ts'
import { selfTest } from './self-test.ts'

const PATHS = ['/mutate/pods', '/validate/pods'] as const

function answering(path: string) {
  return endpoint(path, body => {
    const review = parseReview(body)
    assert.ok(review.ok)
    assert.equal(review.value.request.dryRun, true)
    return { status: 200, body: reviewOf(allowed(review.value.request, [], [])) }
  })
}

async function problemAt(target: Parameters<typeof selfTest>[0]): Promise<string> {
  const result = await selfTest(target)
  assert.equal(result.ok, false)
  return result.ok ? '' : result.issues.map(formatIssue).join('; ')
}

test('who answers both pod webhooks under its certificate passes', async t => {
  const { url, ca } = await serve(t, { endpoints: PATHS.map(answering) })
  assert.deepEqual(await selfTest({ base: url, ca }), { ok: true, value: undefined })
  assert.equal((await selfTest({ base: `${url}/`, ca })).ok, true)
})

test('a certificate of an authority that will not be believed is found', async t => {
  const { url } = await serve(t, { endpoints: PATHS.map(answering) })
  const other = await newCertificate()
  assert.match(await problemAt({ base: url, ca: other.ca ?? '' }), /certificate/)
})

test('what is not there, or no answer to the review, is found', async t => {
  const half = await serve(t, { endpoints: [answering(PATHS[0])] })
  assert.match(await problemAt({ base: half.url, ca: half.ca }), /validate\/pods: the answer is status 404/)
  const other = endpoint(PATHS[0], () => ({ status: 200, body: { response: { uid: 'of another', allowed: true } } }))
  const wrong = await serve(t, { endpoints: [other] })
  assert.match(await problemAt({ base: wrong.url, ca: wrong.ca }), /no review/)
})

test('silence is found, and so is a closed port', async t => {
  const silent = gatedEndpoint(PATHS[0])
  const { url, ca, http } = await serve(t, { endpoints: [silent.endpoint] })
  assert.match(await problemAt({ base: url, ca, timeoutMs: 50 }), /did not answer in time/)
  silent.release()
  http.closeAll()
  await http.stopAccepting()
  assert.match(await problemAt({ base: url, ca }), /ECONNREFUSED/)
})
