"""Real publications for the walk of the API: what the demo shows, by list."""


def supplies(call, chance, of_the_home):
    def article(case):
        listed = call("line", "GET", f"/v1/{chance.choice(['articles', 'outlets', 'apps'])}")[0]["items"]
        case.path_parameters["publication_id"] = chance.choice(listed)["publication_id"]

    return {
        "GET /v1/articles/{publication_id}": article,
        "GET /v1/bindings/{binding_id}/outages": of_the_home,
    }
