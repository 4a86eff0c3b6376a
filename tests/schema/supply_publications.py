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
        gifts = person.ask("GET", "/v1/points")["gifts"]
        case.body = {"gift_id": min(gifts, key=lambda gift: gift["points"])["gift_id"]}
        case.headers["idempotency-key"] = f"walk-{chance.getrandbits(64):016x}"
        return person

    return {
        "POST /v1/points/exchanges": exchange,
        "POST /v1/requests": file,
        "GET /v1/articles/{publication_id}": article,
        "GET /v1/bindings/{binding_id}/outages": of_the_home,
    }
