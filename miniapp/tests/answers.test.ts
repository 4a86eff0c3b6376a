import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countQuestion, forgetAnswers, rememberAnswer, rememberedAnswer } from '../src/state/answers'

test('what was asked before everything was forgotten is not remembered when it comes', () => {
  const before = countQuestion()
  forgetAnswers()
  assert.equal(rememberAnswer('/bindings', 'the former one', before), false)
  assert.equal(rememberedAnswer('/bindings'), undefined)
  assert.equal(rememberAnswer('/bindings', 'the next one', countQuestion()), true)
  assert.equal(rememberedAnswer('/bindings'), 'the next one')
})

test('nothing that was answered is left when everything is forgotten', () => {
  assert.equal(rememberAnswer('/me', 'the former one', countQuestion()), true)
  assert.equal(rememberAnswer('/payments?limit=20', ['theirs'], countQuestion()), true)
  forgetAnswers()
  assert.deepEqual([rememberedAnswer('/me'), rememberedAnswer('/payments?limit=20')], [undefined, undefined])
})

test('an older answer does not take the place of a newer one', () => {
  const [first, second] = [countQuestion(), countQuestion()]
  assert.equal(rememberAnswer('/me', 'new', second), true)
  assert.equal(rememberAnswer('/me', 'old', first), false)
  assert.equal(rememberedAnswer('/me'), 'new')
  assert.equal(rememberAnswer('/notices', 'of its own', first), true)
})
