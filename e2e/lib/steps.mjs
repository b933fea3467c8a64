// Steps of a journey: each is reported by its name, and a failed one ends the journey.

/** Run `action` as a subtest; what follows a failure would only fail for its reason. */
export async function step(t, name, action) {
  let failed = false
  await t.test(name, async (inner) => {
    try {
      await action(inner)
    } catch (error) {
      failed = true
      throw error
    }
  })
  if (failed) throw new Error(`ended at “${name}”`)
}
