"""Real publications for the walk of the API: what the demo shows, by list; and requests that can be filed."""


def supplies(call, chance, of_the_home, passer_by, owner):
    def article(case):
        listed = call("line", "GET", f"/v1/{chance.choice(['articles', 'outlets', 'apps'])}")[0]["items"]
        case.path_parameters["publication_id"] = chance.choice(listed)["publication_id"]

    def file(case):
        case.body = {"kind": "feedback", "text": "路灯下的表箱门坏了", "anonymous": False}
        case.headers["idempotency-key"] = f"walk-{chance.getrandbits(64):016x}"
        return passer_by(case)

    def exchange(case):
        person = owner()
        purse = person.ask("GET", "/v1/points")
        cheapest = min(purse["gifts"], key=lambda gift: gift["points"])
        if purse["balance"] >= cheapest["points"] > purse["balance"] - purse["pending"]:
            # Points can be exchanged seven days after the payment was credited.
            call("sandbox", "POST", "/sim/clock", {"advance_s": 7 * 86_400 + 60})
            person.ask("GET", "/v1/points")
        case.body = {"gift_id": cheapest["gift_id"]}
        case.headers["idempotency-key"] = f"walk-{chance.getrandbits(64):016x}"
        return person

    return {
        "POST /v1/points/exchanges": exchange,
        "POST /v1/requests": file,
        "GET /v1/articles/{publication_id}": article,
        "GET /v1/bindings/{binding_id}/outages": of_the_home,
    }
