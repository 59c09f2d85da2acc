import assert from 'node:assert/strict'
import { test } from 'node:test'
import { computeSlices, isResourceProfile, mentionedProfiles, migProfileOf, migWeight } from './mig.ts'

test('a profile counts by its compute slices, rounded down', () => {
  const cases: readonly { readonly profile: string; readonly slices: number; readonly want: bigint }[] = [
    { profile: '1g.10gb', slices: 7, want: 142n },
    { profile: '1g.10gb.me', slices: 7, want: 142n },
    { profile: '2g.20gb', slices: 7, want: 285n },
    { profile: '3g.40gb', slices: 7, want: 428n },
    { profile: '4g.40gb', slices: 7, want: 571n },
    { profile: '7g.80gb', slices: 7, want: 1000n },
    { profile: '7g.79gb', slices: 7, want: 1000n },
    { profile: '1g.6gb', slices: 4, want: 250n },
    { profile: '1g.24gb-me', slices: 4, want: 250n },
    { profile: '2g.48gb.me.all', slices: 4, want: 500n },
    { profile: '1c.3g.40gb', slices: 7, want: 428n },
    { profile: '1g.99gb', slices: 7, want: 142n },
    { profile: '7g.80gb', slices: 4, want: 1000n },
    { profile: 'half', slices: 7, want: 1000n },
  ]
  for (const { profile, slices, want } of cases)
    assert.equal(migWeight(profile, slices), want, `${profile} of ${slices}`)
})

test('only what has slices and a memory is a profile', () => {
  for (const profile of ['1g.10gb', '7g.141gb', '1g.10gb+me', '1c.2g.20gb']) assert.ok(computeSlices(profile), profile)
  for (const text of ['', '10gb', 'g.10gb', '0g.10gb', '1g', '1g.10', '111g.1gb', 'x1g.10gb']) {
    assert.equal(computeSlices(text), undefined, text)
  }
  assert.equal(isResourceProfile('1g.10gb.me'), true)
  assert.equal(isResourceProfile('1g.10gb+me'), false)
})

test('a profile is read from the resource name and from a selector', () => {
  assert.equal(migProfileOf('nvidia.com/mig-1g.10gb'), '1g.10gb')
  assert.equal(migProfileOf('nvidia.com/gpu'), undefined)
  assert.deepEqual(mentionedProfiles("attributes['gpu.nvidia.com'].profile in ['1g.10gb', '2g.20gb']"), [
    '1g.10gb',
    '2g.20gb',
  ])
})
