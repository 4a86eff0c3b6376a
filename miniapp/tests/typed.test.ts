import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitsChosen, idNumberIn, ID_LAST6, invitationIn, OTP, phoneIn, plainDigits, plainId } from '../src/api/typed'

test('a phone is what the line takes for one, however it was pasted', () => {
  for (const typed of ['19000000001', ' 190 0000-0001 ', '+86 190 0000 0001', '１９０００００００01']) assert.equal(phoneIn(typed), '19000000001', typed)
  for (const typed of ['', '12000000001', '1900000000', '190000000011', '8619000000001', 'x9000000001']) assert.equal(phoneIn(typed), undefined, typed)
})

test('an ID number is one when its last digit is made of the others', () => {
  assert.equal(idNumberIn(' 150499 19900101 0014 '), '150499199001010014')
  assert.equal(idNumberIn('15049919900101009x'), '15049919900101009X')
  for (const typed of ['150499199001010015', '15049919900101001', '1504991990010100144', '15049919900101009Y']) assert.equal(idNumberIn(typed), undefined, typed)
})

test('codes and the end of an ID number are read without blanks', () => {
  assert.ok(OTP.test(plainDigits('１２３ 456')))
  assert.ok(ID_LAST6.test(plainId('1 2345x')))
  assert.equal(plainId('12345ｘ'), '12345X')
})

test('a login begins with a letter, a password has eight characters, whatever they are', () => {
  assert.ok(fitsChosen({ login: 'li.ming-88', password: '八个字的密码不短' }))
  for (const chosen of [{ login: '8liming', password: 'long enough' }, { login: 'lim', password: 'long enough' }, { login: 'liming', password: 'short' }]) {
    assert.ok(!fitsChosen(chosen), chosen.login)
  }
})

test('an invitation is found in its address and alone', () => {
  const code = 'a1B2c3D4e5F6g7H8i9J0_-'
  assert.equal(invitationIn(`https://line.example/#/pages/bindings/accept?invitation=${code}`), code)
  assert.equal(invitationIn(` ${code} `), code)
  assert.equal(invitationIn('hello'), undefined)
})
