/** The words of bills and payments that are not as they should be. Part of the dictionary. */
export const billWords = {
  'home.held': ['供电公司正在核对这户的账单，核对期间无需缴费，结果会通知您。', 'A bill of this home is being verified. Nothing is to be paid until then; you will be told.'],
  'home.held.due': ['待核对的电费', 'Amount being verified'],
  'home.balance.short': ['余额不足，请及时预存，以免停电。', 'Nothing is left. Please top up so that supply goes on.'],
  'records.own': ['这里是您本人在这里为这一户缴的费。别处缴的、别人缴的，入账后体现在账单和余额里。', 'What you paid here for this home yourself. What was paid elsewhere, or by others, shows in its bills and balance.'],
  'bills.held': ['核对中', 'Being verified'],
  'bill.billed': ['账单上是 {yuan} 元', 'The bill says {yuan} yuan'],
  'bill.billed.kwh': ['账单上是 {kwh} 度', 'The bill says {kwh} kWh'],
  'bill.reading.differs': ['账单上的度数与电表读数算出的不一致，供电公司以账单为准；有疑问可以提出。', 'The billed energy differs from the readings. The bill is what counts; you can question it.'],
  'bill.energy.differs': ['账单上的总度数与各表相加或计费的度数不一致，供电公司以账单为准；有疑问可以提出。', 'The energy of this bill is not that of its meters or of its lines. The bill is what counts; you can question it.'],
  'bill.price.differs': ['这一行的单价不是这一档的电价，供电公司以账单为准；有疑问可以提出。', 'The price of this line is not that of its step. The bill is what counts; you can question it.'],
  'bill.line.differs': ['这一行与公式算出的金额不一致，供电公司以账单为准；有疑问可以提出。', 'This line differs from its formula. The bill is what counts; you can question it.'],
  'bill.sum.differs': ['各项相加与账单合计不一致，供电公司以账单为准；有疑问可以提出。', 'The lines do not add up to the total. The bill is what counts; you can question it.'],
  'next.late.refund': ['退款比平时慢，我们还在办理，一分不会少；退回后会通知您。', 'This refund is taking longer than usual. We are still on it, all of it will come back, and you will be told.'],
  'track.pay.in_alipay': ['这笔订单是在支付宝小程序里下的，请在那里付款，或取消后重新缴费。', 'This order was made in Alipay’s mini-program: pay it there, or cancel it and pay anew.'],
} as const satisfies Record<string, readonly [string, string]>
