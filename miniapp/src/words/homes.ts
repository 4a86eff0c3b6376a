/** The words of how a home stands to its person, and of what would mend it. Part of the dictionary. */
export const homeWords = {
  'match.archive': ['同时补全供电公司档案里空缺的姓名和证件号（可选）', 'Also complete name and ID number where the utility’s file lacks them (optional)'],
  'homes.disputed': ['户主身份正在核实，核实前只能看应交金额和缴费。', 'Who holds this home is being checked. Until then you can see the amount due and pay.'],
  'homes.holder_changed': ['这一户已变更户主。如果您是新户主，请重新认证。', 'This home has another holder. If that is you, prove it again.'],
  'homes.cure.CERTIFY_AT_ALIPAY': ['您还没有实名核验，无法比对', 'Your own name is not verified yet, so it cannot be compared'],
  'homes.cure.AGREE_TO_MATCH': ['您还没有同意实名比对', 'You have not agreed to the comparison'],
  'homes.cure.ADD_AT_OUTLET': ['未登记，可到网点补充', 'Not on file; an outlet can add it'],
  'homes.cure.fill_below': ['未登记，可在下方补全，或到网点补充', 'Not on file; complete it below, or have an outlet add it'],
  'homes.cure.TRANSFER_AT_OUTLET': ['与登记不一致，可到网点更正', 'Differs from the file; an outlet can correct it'],
} as const satisfies Record<string, readonly [string, string]>
